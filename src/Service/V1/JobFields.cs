using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Jobs.Records;
using Locutor.Service.Inputs;

namespace Locutor.Service.V1;

/// <summary>
/// The fields of a submission, from JSON or from a form, checked one by one. Every fault is collected, so that a user sees all at once.
/// </summary>
internal sealed partial class JobFields
{
    public const int LongestPrompt = 4000;

    /// <summary>Fields that are files or URLs.</summary>
    public static readonly string[] Files = ["image", "video", "audio", "audio2"];

    private static readonly string[] Known =
    [
        .. Files, "audio_type", "boxes", "prompt", "negative_prompt", "model", "preset", "size", "steps", "shift", "text_guidance",
        "audio_guidance", "motion_frames", "seed", "colour_correction", "webhook", "metadata",
    ];

    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _errors = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string[]> Errors => _errors;

    /// <summary>Notes a field; unknown names and repetitions are faults.</summary>
    public void Add(string name, JsonElement value)
    {
        if (!Known.Contains(name))
            Wrong(name, $"unknown field; there are {string.Join(", ", Known)}");
        else if (!_values.TryAdd(name, value))
            Wrong(name, "given more than once");
    }

    /// <summary>Notes a form field: text for texts, JSON for numbers and structures.</summary>
    public void AddText(string name, string value)
    {
        if (name is "boxes" or "metadata" or "steps" or "shift" or "text_guidance" or "audio_guidance" or "motion_frames" or "seed" or "colour_correction")
        {
            try
            {
                using var json = JsonDocument.Parse(value, new JsonDocumentOptions { MaxDepth = 8 });
                Add(name, json.RootElement.Clone());
            }
            catch (JsonException)
            {
                Wrong(name, $"expected JSON, found '{(value.Length > 40 ? value[..40] : value)}'");
            }
            return;
        }
        Add(name, JsonSerializer.SerializeToElement(value));
    }

    public void Wrong(string name, string reason) =>
        _errors[name] = _errors.TryGetValue(name, out var earlier) ? [.. earlier, reason] : [reason];

    /// <summary>The URL in a file field, if there is one.</summary>
    public string? Url(string name)
    {
        if (Text(name, int.MaxValue) is not { } url)
            return null;
        try
        {
            if (!DataUrl.Is(url))
                UrlFetcher.Check(url);
            return url;
        }
        catch (InputException exception)
        {
            Wrong(name, exception.Message);
            return null;
        }
    }

    /// <summary>Everything but the inputs.</summary>
    public JobRequest ToRequest()
    {
        var prompt = Text("prompt", LongestPrompt);
        return new JobRequest
        {
            Prompt = string.IsNullOrWhiteSpace(prompt) ? "a person is talking" : prompt,
            NegativePrompt = Text("negative_prompt", LongestPrompt),
            Model = Name("model"),
            Preset = Name("preset"),
            Size = Name("size"),
            Steps = (int?)Number("steps", 1, 200, whole: true),
            Shift = Number("shift", 0.1, 100),
            TextGuidance = Number("text_guidance", 0, 30),
            AudioGuidance = Number("audio_guidance", 0, 30),
            MotionFrames = MotionFrames(),
            Seed = (long?)Number("seed", 0, JobSubmitter.LargestSeed, whole: true) ?? JobSubmitter.NewSeed(),
            ColourCorrection = Number("colour_correction", 0, 1),
            AudioType = AudioType(),
            Boxes = Boxes(),
            Webhook = Webhook(),
            Metadata = Metadata(),
        };
    }

    private string? Text(string name, int longest)
    {
        if (!_values.TryGetValue(name, out var value) || value.ValueKind is JsonValueKind.Null)
            return null;
        if (value.ValueKind is not JsonValueKind.String)
            Wrong(name, $"expected text, found {value.ValueKind}");
        else if (value.GetString()!.Length > longest)
            Wrong(name, $"expected at most {longest} characters, found {value.GetString()!.Length}");
        else
            return value.GetString();
        return null;
    }

    private string? Name(string name)
    {
        var text = Text(name, 64);
        if (string.IsNullOrEmpty(text))
            return null;
        if (NamePattern().IsMatch(text))
            return text;
        Wrong(name, "expected letters, digits, dots, dashes and underscores");
        return null;
    }

    private double? Number(string name, double least, double most, bool whole = false)
    {
        if (!_values.TryGetValue(name, out var value) || value.ValueKind is JsonValueKind.Null)
            return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most && (!whole || number == Math.Floor(number)))
            return number;
        string Shown(double bound) => bound.ToString(CultureInfo.InvariantCulture);
        Wrong(name, $"expected a {(whole ? "whole " : "")}number from {Shown(least)} to {Shown(most)}, found {value.GetRawText()[..Math.Min(40, value.GetRawText().Length)]}");
        return null;
    }

    private int? MotionFrames()
    {
        var frames = (int?)Number("motion_frames", 1, 77, whole: true);
        if (frames is { } count && count % 4 != 1)
            Wrong("motion_frames", $"expected 4n + 1, found {count}");
        return frames;
    }

    private string? AudioType()
    {
        var type = Text("audio_type", 8);
        if (type is null or "add" or "para")
            return type;
        Wrong("audio_type", $"expected add or para, found '{type}'");
        return null;
    }

    private string? Webhook()
    {
        var webhook = Text("webhook", 2048);
        if (webhook is null || (Uri.TryCreate(webhook, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && UrlIsPlain(webhook)))
            return webhook;
        Wrong("webhook", "expected an http or https URL without a user name");
        return null;
    }

    private static bool UrlIsPlain(string url) => new Uri(url).UserInfo.Length == 0;

    private double[][]? Boxes()
    {
        if (!_values.TryGetValue("boxes", out var value) || value.ValueKind is JsonValueKind.Null)
            return null;
        if (value.ValueKind is JsonValueKind.Array && value.GetArrayLength() is 1 or 2
            && value.EnumerateArray().All(box => box.ValueKind is JsonValueKind.Array && box.GetArrayLength() == 4
                && box.EnumerateArray().All(edge => edge.ValueKind is JsonValueKind.Number && edge.GetDouble() is >= 0 and <= 100_000)))
        {
            return value.EnumerateArray().Select(box => box.EnumerateArray().Select(edge => edge.GetDouble()).ToArray()).ToArray();
        }
        Wrong("boxes", "expected one or two boxes [x0, y0, x1, y1] in pixels");
        return null;
    }

    private Dictionary<string, string>? Metadata()
    {
        if (!_values.TryGetValue("metadata", out var value) || value.ValueKind is JsonValueKind.Null)
            return null;
        if (value.ValueKind is JsonValueKind.Object && value.EnumerateObject().ToList() is { Count: <= 16 } pairs
            && pairs.All(pair => pair.Name.Length <= 64 && pair.Value.ValueKind is JsonValueKind.String && pair.Value.GetString()!.Length <= 512))
        {
            return pairs.GroupBy(pair => pair.Name).ToDictionary(group => group.Key, group => group.Last().Value.GetString()!);
        }
        Wrong("metadata", "expected an object of at most 16 texts of at most 512 characters");
        return null;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
