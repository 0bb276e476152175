namespace Locutor.Jobs.Records;

/// <summary>One file a job needs. Either <see cref="Path"/> (already stored) or <see cref="Url"/> (still to be fetched) is set.</summary>
[GenerateSerializer, Immutable]
public sealed record JobInput
{
    /// <summary>Field of the request this file came from: image, video, audio or audio2.</summary>
    [Id(0)] public string Field { get; init; } = "";

    [Id(1)] public string? Url { get; init; }

    /// <summary>Path relative to the data folder.</summary>
    [Id(2)] public string? Path { get; init; }

    [Id(3)] public long Bytes { get; init; }

    /// <summary>Content type as sniffed from the bytes, never as claimed.</summary>
    [Id(4)] public string ContentType { get; init; } = "";

    /// <summary>Length in seconds for sound and video, 0 for pictures.</summary>
    [Id(5)] public double Seconds { get; init; }
}

/// <summary>What to generate. Null means "as the preset says".</summary>
[GenerateSerializer, Immutable]
public sealed record JobRequest
{
    [Id(0)] public JobInput[] Inputs { get; init; } = [];
    [Id(1)] public string Prompt { get; init; } = "";
    [Id(2)] public string? NegativePrompt { get; init; }
    [Id(3)] public string? Model { get; init; }
    [Id(4)] public string? Preset { get; init; }
    [Id(5)] public string? Size { get; init; }
    [Id(6)] public int? Steps { get; init; }
    [Id(7)] public double? Shift { get; init; }
    [Id(8)] public double? TextGuidance { get; init; }
    [Id(9)] public double? AudioGuidance { get; init; }
    [Id(10)] public int? MotionFrames { get; init; }

    /// <summary>Always set: chosen when the job was accepted if the user named none, so that a video can be made again.</summary>
    [Id(11)] public long Seed { get; init; }

    /// <summary>0 (off) to 1 (full).</summary>
    [Id(12)] public double? ColourCorrection { get; init; }

    /// <summary>How two voices are laid out: <c>add</c> (one after the other) or <c>para</c> (together).</summary>
    [Id(13)] public string? AudioType { get; init; }

    /// <summary>One box of x0, y0, x1, y1 per person, in pixels of the source picture.</summary>
    [Id(14)] public double[][]? Boxes { get; init; }

    [Id(15)] public string? Webhook { get; init; }
    [Id(16)] public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>W3C trace context of the request that submitted the job, for the spans of what is done with it later.</summary>
    [Id(17)] public string? TraceParent { get; init; }

    /// <summary>Whether every input lies in the data folder.</summary>
    public bool InputsStored => Inputs.All(input => input.Path is not null);
}
