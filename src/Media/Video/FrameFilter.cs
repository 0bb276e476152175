namespace Locutor.Media.Video;

/// <summary>ffmpeg's filters from the frames of a source video to progressive, square-pixel BT.709 RGB at a fixed rate and size.</summary>
internal static class FrameFilter
{
    /// <summary>Frames at least this high or wide are BT.709 where they do not say otherwise, as every player assumes.</summary>
    private const int HighDefinitionHeight = 720, HighDefinitionWidth = 1280;

    /// <summary>Luminance of diffuse white in HDR video, in cd/m2: ITU-R BT.2408.</summary>
    private const int ReferenceWhite = 203;

    /// <summary>1000 cd/m2, which HLG's nominal display and most PQ masters have, over the reference white.</summary>
    private const double Peak = 4.93;

    /// <summary>Gamuts that are wider than that of BT.709.</summary>
    private static readonly string[] WideGamuts = ["bt2020", "smpte431", "smpte432"];

    private static readonly string[] HighDynamicRange = ["smpte2084", "arib-std-b67"];

    /// <returns>Null for colours that no filter here knows.</returns>
    public static string? For(MediaStream video, int framesPerSecond)
    {
        var colour = video.Colour;
        if (colour.DolbyVisionProfile == 5) return null; // other profiles have a base layer in usual colours
        bool yuv = colour.PixelFormat?.StartsWith("yuv", StringComparison.Ordinal) ?? false;
        // Frames that are not marked as interlaced pass unchanged.
        string deinterlace = yuv ? "bwdif=mode=send_frame:deint=interlaced," : "";
        bool wide = IsWide(colour);
        string convert = wide ? ToBt709(colour, yuv) : "";
        string matrix = !wide && yuv && colour.Matrix is null && IsHighDefinition(video) ? ":in_color_matrix=bt709" : "";
        // The size is fixed here: a stream whose size changes midway would otherwise change the bytes of a frame.
        string scale = $"scale={video.DisplayWidth}:{video.DisplayHeight}:flags=bicubic+accurate_rnd+full_chroma_int{matrix}";
        return $"setpts=PTS-STARTPTS,{deinterlace}fps={framesPerSecond},{convert}{scale}";
    }

    /// <summary>Whether the colours go beyond those of BT.709.</summary>
    public static bool IsWide(StreamColour colour) => HighDynamicRange.Contains(colour.Transfer) || WideGamuts.Contains(colour.Primaries);

    /// <summary>
    /// Through linear light in 32-bit float. HDR keeps everything up to 0.8 of the reference white as it is, and what is brighter is
    /// compressed into the rest.
    /// </summary>
    public static string ToBt709(StreamColour colour, bool yuv)
    {
        string matrix = yuv ? (colour.Matrix ?? (colour.Primaries is null or "bt2020" ? "bt2020nc" : "bt709")) : "gbr";
        string transfer = colour.Transfer is { } named && named != "bt470bg" ? named : "bt709";
        string range = colour.FullRange || !yuv ? "pc" : "tv";
        // Frames that are not marked, or not all alike, would have no way to linear light, and ffmpeg 5.1 then hangs instead of failing.
        string mark = $"setparams=range={range}:color_primaries={colour.Primaries ?? "bt2020"}:color_trc={transfer}:colorspace={matrix}";
        string linear = $"{mark},zscale=t=linear:npl={ReferenceWhite},format=gbrpf32le,zscale=p=bt709";
        string toneMap = HighDynamicRange.Contains(colour.Transfer) ? FormattableString.Invariant($",tonemap=mobius:param=0.8:peak={Peak}:desat=0") : "";
        return $"{linear}{toneMap},zscale=m=gbr:t=bt709:r=pc,format=gbrp,";
    }

    private static bool IsHighDefinition(MediaStream video) => video.Width >= HighDefinitionWidth || video.Height >= HighDefinitionHeight;
}
