namespace Locutor.Media.Processes;

/// <summary>
/// Builds the ffmpeg filters that convert a source video to progressive, square-pixel BT.709 RGB at a fixed rate and size.
/// </summary>
internal static class FrameFilter
{
    /// <summary>Smallest size of frames that are assumed to be BT.709 if the file does not specify it, as players do.</summary>
    private const int HighDefinitionHeight = 720, HighDefinitionWidth = 1280;

    /// <summary>Luminance of diffuse white in HDR video, in cd/m2: ITU-R BT.2408.</summary>
    private const int ReferenceWhite = 203;

    /// <summary>
    /// Peak luminance relative to the reference white: 1000 cd/m2, the nominal value of HLG displays and of most PQ masters.
    /// </summary>
    private const double Peak = 4.93;

    /// <summary>Gamuts wider than that of BT.709.</summary>
    private static readonly string[] WideGamuts = ["bt2020", "smpte431", "smpte432"];

    private static readonly string[] HighDynamicRange = ["smpte2084", "arib-std-b67"];

    /// <summary>Returns the filter for a video stream.</summary>
    /// <returns>Null if no filter supports the colour encoding.</returns>
    public static string? For(MediaStream video, int framesPerSecond)
    {
        var colour = video.Colour;
        if (colour.DolbyVisionProfile == 5) return null; // other profiles have a base layer with a standard colour encoding
        bool yuv = colour.PixelFormat?.StartsWith("yuv", StringComparison.Ordinal) ?? false;
        // Frames that are not marked as interlaced are unchanged.
        string deinterlace = yuv ? "bwdif=mode=send_frame:deint=interlaced," : "";
        bool wide = IsWide(colour);
        string convert = wide ? ToBt709(colour, yuv) : "";
        string matrix = !wide && yuv && colour.Matrix is null && IsHighDefinition(video) ? ":in_color_matrix=bt709" : "";
        // Fixes the size: if the size of the stream changed midway, the number of bytes per frame would change.
        string scale = $"scale={video.DisplayWidth}:{video.DisplayHeight}:flags=bicubic+accurate_rnd+full_chroma_int{matrix}";
        return $"setpts=PTS-STARTPTS,{deinterlace}fps={framesPerSecond},{convert}{scale}";
    }

    /// <summary>True if the colours exceed the gamut or range of BT.709.</summary>
    public static bool IsWide(StreamColour colour) => HighDynamicRange.Contains(colour.Transfer) || WideGamuts.Contains(colour.Primaries);

    /// <summary>
    /// Converts in linear light with 32-bit floats. HDR values up to 0.8 of the reference white are unchanged, and brighter ones are
    /// compressed into the rest.
    /// </summary>
    public static string ToBt709(StreamColour colour, bool yuv)
    {
        string matrix = yuv ? (colour.Matrix ?? (colour.Primaries is null or "bt2020" ? "bt2020nc" : "bt709")) : "gbr";
        string transfer = colour.Transfer is { } named && named != "bt470bg" ? named : "bt709";
        string range = colour.FullRange || !yuv ? "pc" : "tv";
        // Sets the colour properties of all frames. If they are missing or differ between frames, ffmpeg 5.1 cannot convert to linear
        // light, and hangs instead of failing.
        string mark = $"setparams=range={range}:color_primaries={colour.Primaries ?? "bt2020"}:color_trc={transfer}:colorspace={matrix}";
        string linear = $"{mark},zscale=t=linear:npl={ReferenceWhite},format=gbrpf32le,zscale=p=bt709";
        string toneMap = HighDynamicRange.Contains(colour.Transfer)
            ? FormattableString.Invariant($",tonemap=mobius:param=0.8:peak={Peak}:desat=0")
            : "";
        return $"{linear}{toneMap},zscale=m=gbr:t=bt709:r=pc,format=gbrp,";
    }

    private static bool IsHighDefinition(MediaStream video) => video.Width >= HighDefinitionWidth || video.Height >= HighDefinitionHeight;
}
