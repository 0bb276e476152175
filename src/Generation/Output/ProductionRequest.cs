using Locutor.Generation.Requests;

namespace Locutor.Generation.Output;

/// <summary>Two voices of two people.</summary>
public enum VoicePlacement
{
    /// <summary>Both from the start (<c>para</c>).</summary>
    SideBySide,

    /// <summary>The second when the first has ended (<c>add</c>).</summary>
    OneAfterTheOther,
}

/// <summary>A video to be made from local files.</summary>
public sealed record ProductionRequest
{
    /// <summary>A picture, or a video whose person shall speak.</summary>
    public required string ImagePath { get; init; }

    /// <summary>One voice, or two for two people.</summary>
    public required IReadOnlyList<string> AudioPaths { get; init; }

    public required string OutputPath { get; init; }

    public required VideoSettings Settings { get; init; }

    /// <summary>Playable while it grows.</summary>
    public bool Fragmented { get; init; }

    /// <summary>Told what the user should know of the generation.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Told where the file grows before it has its name.</summary>
    public Action<string>? Growing { get; init; }
}

/// <summary>What was made.</summary>
public sealed record ProductionResult(string Path, int Width, int Height, int Frames, double Seconds);
