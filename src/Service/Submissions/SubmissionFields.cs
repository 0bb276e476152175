using System.Globalization;
using System.Text.Json;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;
using Locutor.Models;

namespace Locutor.Service.Submissions;

/// <summary>
/// The fields of a submission over HTTP: the fields of a video and the fields of its delivery, such as webhook and priority.
/// </summary>
internal static class SubmissionFields
{
    public static TextField Webhook { get; } = new(
        "webhook", "Address that is called when the job ends, signed as Standard Webhooks specifies.", 2048)
    {
        Group = FieldGroup.Delivery,
        Option = null,
        Fits = static text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            && uri.UserInfo.Length == 0,
        Form = "an http or https URL without a user name",
    };

    public static MetadataField Metadata { get; } = new(
        "metadata", "Texts of your own that are kept with the job.")
    { Group = FieldGroup.Delivery, Option = null };

    public static WholeField Priority { get; } = new(
        "priority", "Jobs of the token with a higher priority start first. Tokens take turns whatever their priorities.", -10, 10)
    { Group = FieldGroup.Delivery, Option = null, DefaultText = "0" };

    public static TextField NotAfter { get; } = new(
        "not_after", "Time after which the video is of no use. A job that has not ended then fails with deadline_passed.", 40)
    {
        Group = FieldGroup.Delivery,
        Option = null,
        Fits = static text => TimeOf(text) is not null,
        Form = "a date and time with its zone, as 2027-03-01T12:00:00Z",
    };

    public static NumberField MinMemory { get; } = new(
        "min_memory_gib", "Least memory in GiB of the device of the worker, to choose a kind of machine.", 0, 10_000)
    { Group = FieldGroup.Delivery, Option = null, DefaultText = "any" };

    public static WholeField Parts { get; } = new(
        "parts",
        "Largest number of workers that make a long voice together. It is cut at silences into at most so many parts of 10 seconds " +
        "or more, which are joined. Each part starts from the picture, so a face may change a little from one part to the next. " +
        "Default: a voice of 2 minutes or more is divided among the idle workers if the model allows it.",
        1, 64)
    { Group = FieldGroup.Delivery, Option = null, DefaultText = "1, or that of the model" };

    /// <summary>The fields that a submission has in addition to <see cref="VideoFields.All"/>.</summary>
    public static IReadOnlyList<RequestField> Extra { get; } = [Webhook, Metadata, Priority, NotAfter, MinMemory, Parts];

    /// <summary>All fields that a submission may have.</summary>
    public static IReadOnlyList<RequestField> All { get; } = [.. VideoFields.All, .. Extra];

    /// <summary>The fields whose value is an input: a file of a form, or a URL.</summary>
    public static IReadOnlyList<FileField> Files { get; } = [.. VideoFields.All.OfType<FileField>()];

    /// <summary>Adds the fields of the delivery to the request of a job.</summary>
    public static JobRequest Deliver(this JobRequest request, RequestForm form) => request with
    {
        Webhook = (string?)form.Value(Webhook),
        Metadata = (Dictionary<string, string>?)form.Value(Metadata),
        Priority = (int)((long?)form.Value(Priority) ?? 0),
        NotAfter = form.Value(NotAfter) is string text ? TimeOf(text) : null,
        MinMemoryGiB = (double?)form.Value(MinMemory) ?? 0,
        MostParts = (int)((long?)form.Value(Parts) ?? DefaultParts.Unknown),
    };

    /// <summary>Creates an empty form that knows all fields of a submission.</summary>
    public static RequestForm NewForm() => new([.. Extra]);

    /// <summary>Parses a time with a zone; null for another text.</summary>
    public static DateTimeOffset? TimeOf(string text) =>
        DateTimeOffset.TryParseExact(text, TimesWithZone, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : null;

    /// <summary>The accepted forms of a time; <c>K</c> in their place would also accept a time without a zone.</summary>
    private static readonly string[] TimesWithZone =
    [
        .. from time in new[] { "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm" }
           from zone in new[] { "'Z'", "zzz" }
           select time + zone
    ];
}

/// <summary>A field whose value is a JSON object of texts: at most 16, each of at most 512 characters, with names of at most 64.</summary>
internal sealed class MetadataField(string name, string help) : RequestField(name, help)
{
    private const int MostTexts = 16;
    private const int LongestName = 64;
    private const int LongestText = 512;

    public override string Expected(Bundle? bundle) =>
        $"an object of at most {MostTexts} texts of at most {LongestText} characters, with names of at most {LongestName}";

    public override FieldLimits Limits(Bundle? bundle) => new("object");

    protected override object? Convert(JsonElement value, Bundle? bundle, out string? fault)
    {
        var texts = value.ValueKind is JsonValueKind.Object ? Texts(value) : null;
        fault = texts is null ? Unfit(value, bundle) : null;
        return texts;
    }

    private static Dictionary<string, string>? Texts(JsonElement value)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (var pair in value.EnumerateObject())
            {
                if (pair.Name.Length > LongestName || pair.Value.ValueKind is not JsonValueKind.String
                    || pair.Value.GetString()!.Length > LongestText)
                {
                    return null;
                }

                texts[pair.Name] = pair.Value.GetString()!;
            }
        }
        catch (InvalidOperationException)
        {
            return null; // A name or text holds half a surrogate pair.
        }
        return texts.Count <= MostTexts ? texts : null;
    }
}
