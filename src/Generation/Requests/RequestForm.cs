using System.Security.Cryptography;
using System.Text.Json;
using Locutor.Checkpoints;
using Locutor.Media.Video;
using Locutor.Media.Video.Finishing;
using Locutor.Models;
using Locutor.TextToSpeech;

namespace Locutor.Generation.Requests;

/// <summary>A request that has been checked.</summary>
/// <param name="Bundle">The model of the request.</param>
/// <param name="Request">The request with model, prompt and seed filled in, so that it can be repeated.</param>
/// <param name="Settings">The settings with all defaults filled in.</param>
/// <param name="Script">The words to speak; null if the voice is a sound.</param>
/// <param name="Transcript">The words of the sound; null if they are not known.</param>
public sealed record ResolvedRequest(Bundle Bundle, VideoRequest Request, VideoSettings Settings, Script? Script, Script? Transcript);

/// <summary>
/// The fields of one incoming request. Command line, JSON and form all use this class, so they accept the same values and report the same
/// errors. All faults are collected before they are reported.
/// </summary>
/// <param name="extra">Fields that this interface has in addition to those of a video.</param>
public sealed class RequestForm(params IReadOnlyList<RequestField> extra)
{
    private const int MostUnknown = 8;
    private const int LongestName = 64;

    private readonly Dictionary<string, JsonElement> values = new(StringComparer.Ordinal);
    private readonly HashSet<string> files = new(StringComparer.Ordinal);
    private int unknown;

    public IReadOnlyList<RequestField> Fields { get; } = [.. VideoFields.All, .. extra];

    public RequestFaults Faults { get; } = new();

    /// <summary>Adds a value as JSON.</summary>
    public void Add(string name, JsonElement value)
    {
        if (Known(name) is not null && (files.Contains(name) || !values.TryAdd(name, value))) Faults.Add(name, "given more than once");
    }

    /// <summary>Adds a value as text.</summary>
    public void AddText(string name, string text)
    {
        if (Known(name) is { } field) Add(name, field.FromText(text));
    }

    /// <summary>Records that the request contains the file itself. Returns false if the field already has a value.</summary>
    public bool AddFile(string name)
    {
        bool first = !values.ContainsKey(name) && files.Add(name);
        if (!first) Faults.Add(name, "given more than once");
        return first;
    }

    /// <summary>Returns the parsed value of a field; null if it is missing or invalid.</summary>
    public object? Value(RequestField field) => values.TryGetValue(field.Name, out var value) ? field.Read(value, null, out _) : null;

    /// <summary>Returns the path or URL in a file field; null if there is none.</summary>
    public string? Address(FileField field) => (string?)Value(field);

    /// <summary>Checks all values.</summary>
    /// <param name="find">Returns the bundle of a model name, or the default bundle for null; throws <see cref="RequestException"/> if
    /// there is none.</param>
    /// <exception cref="RequestException">The request has faults; the message names all of them.</exception>
    public ResolvedRequest Resolve(Func<string?, Bundle> find)
    {
        var bundle = FindBundle(find);
        foreach (var field in Fields)
        {
            if (!values.TryGetValue(field.Name, out var value)) continue;
            field.Read(value, bundle, out string? fault);
            if (fault is not null) Faults.Add(field.Name, fault);
        }
        CheckInputs();
        Faults.ThrowIfAny();
        var request = VideoRequest.Empty;
        // Values are cloned because the request may outlive the JSON document of the caller.
        foreach (var field in VideoFields.All.Where(field => !field.IsInput && Value(field) is not null))
            request = request.With(field, values[field.Name].Clone());
        request = request.With(VideoFields.Model, bundle!.Name)
            .With(VideoFields.Seed, request[VideoFields.Seed] ?? RandomNumberGenerator.GetInt32(int.MaxValue));
        var settings = VideoSettings.Resolve(bundle, request);
        return new ResolvedRequest(
            bundle, request.With(VideoFields.Prompt, settings.Prompt), settings, ScriptOf(VideoFields.Text),
            ScriptOf(VideoFields.Transcript));
    }

    private Bundle? FindBundle(Func<string?, Bundle> find)
    {
        if (values.TryGetValue(VideoFields.Model.Name, out var value) && Value(VideoFields.Model) is null
            && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.String))
        {
            return null;
        }

        try
        {
            return find((string?)Value(VideoFields.Model));
        }
        catch (RequestException unknown)
        {
            Faults.Add(unknown);
            return null;
        }
    }

    /// <summary>Checks that the combination of inputs is valid.</summary>
    private void CheckInputs()
    {
        bool image = Has(VideoFields.Image), video = Has(VideoFields.Video);
        if (image && video) Faults.Add(VideoFields.Video.Name, "expected either a picture or a source video, found both");
        else if (!image && !video && !Faults.Has(VideoFields.Image.Name) && !Faults.Has(VideoFields.Video.Name))
            Faults.Add(VideoFields.Image.Name, "expected a picture or a source video, found nothing");
        var script = ScriptOf(VideoFields.Text);
        bool wrongText = Faults.Has(VideoFields.Text.Name);
        if (!Has(VideoFields.Audio) && script is null && !wrongText && !Faults.Has(VideoFields.Audio.Name))
            Faults.Add(VideoFields.Audio.Name, "expected a voice or a text, found nothing");
        bool two = Has(VideoFields.Audio2) || script?.IsDialogue == true;
        if (Value(VideoFields.Boxes) is not null && !two && !wrongText && !Faults.Has(VideoFields.Audio2.Name))
            Faults.Add(VideoFields.Boxes.Name, "expected boxes only with two voices, found one voice");
        CheckSpeech(script);
        CheckCaptions(hasText: script is not null || wrongText);
    }

    /// <summary>Checks that captions have words and a place.</summary>
    private void CheckCaptions(bool hasText)
    {
        bool hasTranscript = ScriptOf(VideoFields.Transcript) is not null;
        if (hasText && hasTranscript)
            Faults.Add(VideoFields.Transcript.Name, "expected a transcript only with a sound, found a text; captions are made of it");
        string? captions = (string?)Value(VideoFields.Captions);
        if (captions is null or "off") return;
        if (!hasText && !hasTranscript && !Faults.Has(VideoFields.Transcript.Name))
            Faults.Add(VideoFields.Captions.Name, "expected captions only with a text or a transcript, found neither");
        if (captions == "embedded" && (string?)Value(VideoFields.Format) == VideoFormat.Gif.Extension)
            Faults.Add(VideoFields.Captions.Name, VideoFinisher.CaptionsRefusal(VideoFormat.Gif)!);
    }

    /// <summary>Checks that text and voices go together, and that there is either a text or a sound.</summary>
    private void CheckSpeech(Script? script)
    {
        if (script is null)
        {
            foreach (var voice in new[] { VideoFields.Voice, VideoFields.Voice2 })
            {
                if (Value(voice) is not null && !Faults.Has(VideoFields.Text.Name))
                    Faults.Add(voice.Name, "expected the name of a voice only with a text, found no text");
            }
            return;
        }
        foreach (var sound in new[] { VideoFields.Audio, VideoFields.Audio2 })
            if (Has(sound)) Faults.Add(VideoFields.Text.Name, $"expected either a text or a sound, found both ({sound.Name})");
        if (Value(VideoFields.Voice2) is not null && !script.IsDialogue)
            Faults.Add(VideoFields.Voice2.Name, "expected a second voice only with a dialogue, found no line that begins with B:");
        if (Value(VideoFields.AudioType) is "add")
            Faults.Add(VideoFields.AudioType.Name, "expected add only with two sounds, found a text");
    }

    private Script? ScriptOf(ScriptField field) => Value(field) is string text ? Script.Parse(text) : null;

    private bool Has(FileField field) => files.Contains(field.Name) || Address(field) is not null;

    /// <summary>
    /// Returns the field of that name. Only a few unknown names are reported, and long names are cut, because the names are untrusted.
    /// </summary>
    private RequestField? Known(string name)
    {
        var field = Fields.FirstOrDefault(field => field.Name == name);
        if (field is not null || ++unknown > MostUnknown) return field;
        if (name.Length > LongestName)
        {
            Faults.Add(name[..LongestName] + "...", "there is no such field");
        }
        else
        {
            Faults.Add(
                name,
                $"there is no such field; did you mean {string.Join(", ", NearestNames.To(name, Fields.Select(known => known.Name)))}?");
        }

        return null;
    }
}
