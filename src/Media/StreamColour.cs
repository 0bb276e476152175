namespace Locutor.Media;

/// <summary>How the pixels of a video encode colours, in ffmpeg's names; null where the file does not say.</summary>
public sealed record StreamColour
{
    /// <summary>Such as <c>yuv420p10le</c>.</summary>
    public string? PixelFormat { get; init; }

    /// <summary>Between YUV and RGB: <c>bt709</c>, <c>smpte170m</c>, <c>bt2020nc</c>.</summary>
    public string? Matrix { get; init; }

    /// <summary>From values to light: <c>bt709</c>, <c>smpte2084</c> (PQ), <c>arib-std-b67</c> (HLG).</summary>
    public string? Transfer { get; init; }

    /// <summary>The gamut: <c>bt709</c>, <c>bt2020</c>, <c>smpte432</c> (Display P3).</summary>
    public string? Primaries { get; init; }

    /// <summary>Whether black is 0 and white the largest value, rather than 16 and 235 of 255.</summary>
    public bool FullRange { get; init; }

    /// <summary>Dolby Vision profile; 0 for none.</summary>
    public int DolbyVisionProfile { get; init; }
}
