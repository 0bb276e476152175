using System.ComponentModel;

namespace Locutor.Service.V1;

/// <summary>A submission, for the OpenAPI document. Every field but the inputs has a default.</summary>
internal sealed record SubmitBody
{
    [Description("URL of a portrait (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF), or a file in a form. Either this or video.")]
    public string? Image { get; init; }

    [Description("URL of a source video whose lips are to be moved (MP4, MOV, WebM, MKV, AVI, WMV, FLV), or a file in a form.")]
    public string? Video { get; init; }

    [Description("URL of the voice (WAV, MP3, M4A, AAC, FLAC, Ogg, Opus), or a file in a form.")]
    public required string Audio { get; init; }

    [Description("A second person's voice.")]
    public string? Audio2 { get; init; }

    [Description("How two voices are laid out: add, one after the other; para, together.")]
    public string? AudioType { get; init; }

    [Description("One box [x0, y0, x1, y1] per person, in pixels of the picture.")]
    public double[][]? Boxes { get; init; }

    [Description("What the picture shows. At most 4000 characters.")]
    public string? Prompt { get; init; }

    [Description("What it should not show, for presets with text guidance above 1.")]
    public string? NegativePrompt { get; init; }

    [Description("A model of GET /v1/options.")]
    public string? Model { get; init; }

    [Description("A preset of the model.")]
    public string? Preset { get; init; }

    [Description("A size of the model.")]
    public string? Size { get; init; }

    [Description("Denoising steps, 1 to 200.")]
    public int? Steps { get; init; }

    [Description("Schedule shift, 0.1 to 100.")]
    public double? Shift { get; init; }

    [Description("Text guidance, 0 to 30.")]
    public double? TextGuidance { get; init; }

    [Description("Audio guidance, 0 to 30.")]
    public double? AudioGuidance { get; init; }

    [Description("Frames carried over between clips, 4n + 1, 1 to 77.")]
    public int? MotionFrames { get; init; }

    [Description("0 to 9007199254740991; chosen and reported when left out.")]
    public long? Seed { get; init; }

    [Description("0 to 1.")]
    public double? ColourCorrection { get; init; }

    [Description("URL that is told when the job ends, signed after the Standard Webhooks convention.")]
    public string? Webhook { get; init; }

    [Description("At most 16 texts that are kept with the job.")]
    public Dictionary<string, string>? Metadata { get; init; }
}
