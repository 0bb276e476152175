using System.Text.Json;
using Locutor.Generation.Requests;
using Locutor.Models;

namespace Locutor.Service.Submissions;

/// <summary>Fields of a submission over HTTP, in addition to those of a video.</summary>
internal static class SubmissionFields
{
    public static TextField Webhook { get; } = new("webhook", "Address that is called when the job ends, signed after the Standard Webhooks convention.", 2048)
    {
        Group = FieldGroup.Delivery,
        Option = null,
        Fits = static text => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0,
        Form = "an http or https URL without a user name",
    };

    public static MetadataField Metadata { get; } = new("metadata", "Texts of your own that are kept with the job.") { Group = FieldGroup.Delivery, Option = null };

    public static IReadOnlyList<RequestField> Extra { get; } = [Webhook, Metadata];

    /// <summary>Everything that a submission may say.</summary>
    public static IReadOnlyList<RequestField> All { get; } = [.. VideoFields.All, .. Extra];

    public static IReadOnlyList<FileField> Files { get; } = [.. VideoFields.All.OfType<FileField>()];

    public static RequestForm NewForm() => new([.. Extra]);
}

/// <summary>A few texts by name.</summary>
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
                if (pair.Name.Length > LongestName || pair.Value.ValueKind is not JsonValueKind.String || pair.Value.GetString()!.Length > LongestText)
                    return null;
                texts[pair.Name] = pair.Value.GetString()!;
            }
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair is not a character
        }
        return texts.Count <= MostTexts ? texts : null;
    }
}
