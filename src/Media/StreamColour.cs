namespace Locutor.Media;

/// <summary>Colour encoding of a video in ffmpeg's names; null if the file does not specify it.</summary>
public sealed record StreamColour
{
    /// <summary>Pixel format, such as <c>yuv420p10le</c>.</summary>
    public string? PixelFormat { get; init; }

    /// <summary>Matrix between YUV and RGB: <c>bt709</c>, <c>smpte170m</c>, <c>bt2020nc</c>.</summary>
    public string? Matrix { get; init; }

    /// <summary>Transfer function from values to light: <c>bt709</c>, <c>smpte2084</c> (PQ), <c>arib-std-b67</c> (HLG).</summary>
    public string? Transfer { get; init; }

    /// <summary>Primaries of the gamut: <c>bt709</c>, <c>bt2020</c>, <c>smpte432</c> (Display P3).</summary>
    public string? Primaries { get; init; }

    /// <summary>True if black is 0 and white the largest value; false if they are 16 and 235 of 255.</summary>
    public bool FullRange { get; init; }

    /// <summary>Dolby Vision profile; 0 for none.</summary>
    public int DolbyVisionProfile { get; init; }
}
