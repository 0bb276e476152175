namespace Locutor.Media;

/// <summary>How a file is packed, told by its bytes.</summary>
/// <param name="Name">As people call it: "PNG", "MP4".</param>
/// <param name="Demuxer">ffmpeg's name for it, which is forced so that nothing else can open the file.</param>
/// <param name="IsPicture">A still (or animated) picture rather than sound or video.</param>
/// <remarks>None of these demuxers opens a second file or an address. One that does must never be added.</remarks>
public sealed record MediaContainer(string Name, string Demuxer, bool IsPicture = false)
{
    public static MediaContainer Png { get; } = new("PNG", "png_pipe", true);
    public static MediaContainer Jpeg { get; } = new("JPEG", "jpeg_pipe", true);
    public static MediaContainer Gif { get; } = new("GIF", "gif", true);
    public static MediaContainer Bmp { get; } = new("BMP", "bmp_pipe", true);
    public static MediaContainer Tiff { get; } = new("TIFF", "tiff_pipe", true);
    public static MediaContainer WebP { get; } = new("WebP", "webp_pipe", true);
    public static MediaContainer Avif { get; } = new("AVIF", "mov", true);
    public static MediaContainer Heic { get; } = new("HEIC", "hevc", true);
    public static MediaContainer Pbm { get; } = new("PBM", "pbm_pipe", true);
    public static MediaContainer Pgm { get; } = new("PGM", "pgm_pipe", true);
    public static MediaContainer Ppm { get; } = new("PPM", "ppm_pipe", true);
    public static MediaContainer Pam { get; } = new("PAM", "pam_pipe", true);
    public static MediaContainer Jpeg2000 { get; } = new("JPEG 2000", "j2k_pipe", true);
    public static MediaContainer JpegXl { get; } = new("JPEG XL", "jpegxl_pipe", true);
    public static MediaContainer Photoshop { get; } = new("PSD", "psd_pipe", true);
    public static MediaContainer Qoi { get; } = new("QOI", "qoi_pipe", true);
    public static MediaContainer Sgi { get; } = new("SGI", "sgi_pipe", true);
    public static MediaContainer SunRaster { get; } = new("Sun raster", "sunrast_pipe", true);
    public static MediaContainer Pcx { get; } = new("PCX", "pcx_pipe", true);

    /// <summary>ffmpeg has no demuxer of its own for it.</summary>
    public static MediaContainer Targa { get; } = new("TGA", "image2", true) { Options = ["-pattern_type", "none", "-c:v", "targa"] };

    public static MediaContainer Mp4 { get; } = new("MP4", "mov");
    public static MediaContainer Matroska { get; } = new("Matroska", "matroska");
    public static MediaContainer Avi { get; } = new("AVI", "avi");
    public static MediaContainer Flv { get; } = new("FLV", "flv");
    public static MediaContainer Asf { get; } = new("ASF", "asf");
    public static MediaContainer MpegTransport { get; } = new("MPEG-TS", "mpegts");
    public static MediaContainer MpegProgram { get; } = new("MPEG-PS", "mpeg");
    public static MediaContainer Ogg { get; } = new("Ogg", "ogg");
    public static MediaContainer Wav { get; } = new("WAV", "wav");
    public static MediaContainer Wave64 { get; } = new("Wave64", "w64");
    public static MediaContainer Aiff { get; } = new("AIFF", "aiff");
    public static MediaContainer CoreAudio { get; } = new("CAF", "caf");
    public static MediaContainer Flac { get; } = new("FLAC", "flac");
    public static MediaContainer Mp3 { get; } = new("MP3", "mp3");
    public static MediaContainer Aac { get; } = new("AAC", "aac");
    public static MediaContainer Ac3 { get; } = new("AC-3", "ac3");
    public static MediaContainer Eac3 { get; } = new("E-AC-3", "eac3");
    public static MediaContainer Dts { get; } = new("DTS", "dts");
    public static MediaContainer Amr { get; } = new("AMR", "amr");
    public static MediaContainer Au { get; } = new("AU", "au");
    public static MediaContainer Voc { get; } = new("VOC", "voc");
    public static MediaContainer Amiga { get; } = new("IFF 8SVX", "iff");
    public static MediaContainer Dsf { get; } = new("DSF", "dsf");
    public static MediaContainer TrueAudio { get; } = new("TTA", "tta");
    public static MediaContainer WavPack { get; } = new("WavPack", "wv");
    public static MediaContainer Monkey { get; } = new("Monkey's Audio", "ape");
    public static MediaContainer Musepack7 { get; } = new("Musepack", "mpc");
    public static MediaContainer Musepack8 { get; } = new("Musepack", "mpc8");
    public static MediaContainer Tak { get; } = new("TAK", "tak");
    public static MediaContainer Qcelp { get; } = new("QCP", "qcp");
    public static MediaContainer Latm { get; } = new("AAC in LATM", "loas");
    public static MediaContainer RealMedia { get; } = new("RealMedia", "rm");
    public static MediaContainer Dv { get; } = new("DV", "dv");
    public static MediaContainer Mxf { get; } = new("MXF", "mxf");
    public static MediaContainer Ivf { get; } = new("IVF", "ivf");
    public static MediaContainer Nut { get; } = new("NUT", "nut");
    public static MediaContainer Y4m { get; } = new("YUV4MPEG2", "yuv4mpegpipe");
    public static MediaContainer MpegVideo { get; } = new("MPEG video", "mpegvideo");
    public static MediaContainer Mpeg4Video { get; } = new("MPEG-4 video", "m4v");
    public static MediaContainer H264 { get; } = new("H.264", "h264");
    public static MediaContainer Hevc { get; } = new("HEVC", "hevc");

    /// <summary>Further arguments for ffmpeg, before its input.</summary>
    internal IReadOnlyList<string> Options { get; init; } = [];
}
