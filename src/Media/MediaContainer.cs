namespace Locutor.Media;

/// <summary>Names of a container for one kind of media.</summary>
/// <param name="ContentType">Media type for HTTP.</param>
/// <param name="Extensions">Usual file extensions without the dot; the first one is preferred.</param>
public sealed record MediaNames(string ContentType, params IReadOnlyList<string> Extensions);

/// <summary>A container format, detected by a file's bytes.</summary>
/// <param name="Name">Name for users, such as "PNG" or "MP4".</param>
/// <param name="Demuxer">ffmpeg's name of the demuxer. It is forced, so that ffmpeg opens the file with no other demuxer.</param>
/// <remarks>None of these demuxers opens a second file or an address. A demuxer that does must never be added.</remarks>
public sealed record MediaContainer(string Name, string Demuxer)
{
    public static MediaContainer Png { get; } = new("PNG", "png_pipe") { Picture = new("image/png", "png") };
    public static MediaContainer Jpeg { get; } = new("JPEG", "jpeg_pipe") { Picture = new("image/jpeg", "jpg", "jpeg", "jpe", "jfif") };
    public static MediaContainer Gif { get; } = new("GIF", "gif") { Picture = new("image/gif", "gif") };
    public static MediaContainer Bmp { get; } = new("BMP", "bmp_pipe") { Picture = new("image/bmp", "bmp", "dib") };
    public static MediaContainer Tiff { get; } = new("TIFF", "tiff_pipe") { Picture = new("image/tiff", "tiff", "tif") };
    public static MediaContainer WebP { get; } = new("WebP", "webp_pipe") { Picture = new("image/webp", "webp") };
    public static MediaContainer Avif { get; } = new("AVIF", "mov") { Picture = new("image/avif", "avif") };
    public static MediaContainer Heic { get; } = new("HEIC", "hevc") { Picture = new("image/heic", "heic", "heif", "hif") };
    public static MediaContainer Pbm { get; } = new("PBM", "pbm_pipe") { Picture = new("image/x-portable-bitmap", "pbm") };
    public static MediaContainer Pgm { get; } = new("PGM", "pgm_pipe") { Picture = new("image/x-portable-graymap", "pgm") };
    public static MediaContainer Ppm { get; } = new("PPM", "ppm_pipe") { Picture = new("image/x-portable-pixmap", "ppm") };
    public static MediaContainer Pam { get; } = new("PAM", "pam_pipe") { Picture = new("image/x-portable-arbitrarymap", "pam") };
    public static MediaContainer Jpeg2000 { get; } = new("JPEG 2000", "j2k_pipe")
    {
        Picture = new("image/jp2", "jp2", "j2k", "jpf", "jpx")
    };
    public static MediaContainer JpegXl { get; } = new("JPEG XL", "jpegxl_pipe") { Picture = new("image/jxl", "jxl") };
    public static MediaContainer Photoshop { get; } = new("PSD", "psd_pipe") { Picture = new("image/vnd.adobe.photoshop", "psd") };
    public static MediaContainer Qoi { get; } = new("QOI", "qoi_pipe") { Picture = new("image/qoi", "qoi") };
    public static MediaContainer Sgi { get; } = new("SGI", "sgi_pipe") { Picture = new("image/sgi", "sgi", "rgb") };
    public static MediaContainer SunRaster { get; } = new("Sun raster", "sunrast_pipe")
    {
        Picture = new("image/x-sun-raster", "ras", "sun")
    };
    public static MediaContainer Pcx { get; } = new("PCX", "pcx_pipe") { Picture = new("image/x-pcx", "pcx") };

    /// <summary>TGA, for which ffmpeg has no demuxer of its own.</summary>
    public static MediaContainer Targa { get; } = new("TGA", "image2")
    {
        Picture = new("image/x-tga", "tga"),
        Options = ["-pattern_type", "none", "-c:v", "targa"],
    };

    public static MediaContainer Mp4 { get; } = new("MP4", "mov")
    {
        Video = new("video/mp4", "mp4", "m4v", "mov", "qt", "3gp", "3g2"),
        Sound = new("audio/mp4", "m4a", "m4b"),
    };
    public static MediaContainer Matroska { get; } = new("Matroska", "matroska")
    {
        Video = new("video/webm", "webm", "mkv"),
        Sound = new("audio/webm", "weba", "mka"),
    };
    public static MediaContainer Avi { get; } = new("AVI", "avi") { Video = new("video/x-msvideo", "avi") };
    public static MediaContainer Flv { get; } = new("FLV", "flv") { Video = new("video/x-flv", "flv") };
    public static MediaContainer Asf { get; } = new("ASF", "asf")
    {
        Video = new("video/x-ms-wmv", "wmv", "asf"),
        Sound = new("audio/x-ms-wma", "wma"),
    };
    public static MediaContainer MpegTransport { get; } = new("MPEG-TS", "mpegts")
    {
        Video = new("video/mp2t", "ts", "mts", "m2ts", "m2t")
    };
    public static MediaContainer MpegProgram { get; } = new("MPEG-PS", "mpeg") { Video = new("video/mpeg", "mpg", "mpeg", "vob") };
    public static MediaContainer Ogg { get; } = new("Ogg", "ogg")
    {
        Video = new("video/ogg", "ogv"),
        Sound = new("audio/ogg", "ogg", "oga", "opus", "spx"),
    };
    public static MediaContainer Wav { get; } = new("WAV", "wav") { Sound = new("audio/wav", "wav", "rf64") };
    public static MediaContainer Wave64 { get; } = new("Wave64", "w64") { Sound = new("audio/x-w64", "w64") };
    public static MediaContainer Aiff { get; } = new("AIFF", "aiff") { Sound = new("audio/aiff", "aiff", "aif", "aifc") };
    public static MediaContainer CoreAudio { get; } = new("CAF", "caf") { Sound = new("audio/x-caf", "caf") };
    public static MediaContainer Flac { get; } = new("FLAC", "flac") { Sound = new("audio/flac", "flac") };
    public static MediaContainer Mp3 { get; } = new("MP3", "mp3") { Sound = new("audio/mpeg", "mp3", "mp2") };
    public static MediaContainer Aac { get; } = new("AAC", "aac") { Sound = new("audio/aac", "aac") };
    public static MediaContainer Ac3 { get; } = new("AC-3", "ac3") { Sound = new("audio/ac3", "ac3") };
    public static MediaContainer Eac3 { get; } = new("E-AC-3", "eac3") { Sound = new("audio/eac3", "eac3", "ec3") };
    public static MediaContainer Dts { get; } = new("DTS", "dts") { Sound = new("audio/vnd.dts", "dts") };
    public static MediaContainer Amr { get; } = new("AMR", "amr") { Sound = new("audio/amr", "amr", "awb") };
    public static MediaContainer Au { get; } = new("AU", "au") { Sound = new("audio/basic", "au", "snd") };
    public static MediaContainer Voc { get; } = new("VOC", "voc") { Sound = new("audio/x-voc", "voc") };
    public static MediaContainer Amiga { get; } = new("IFF 8SVX", "iff") { Sound = new("audio/x-8svx", "8svx", "iff") };
    public static MediaContainer Dsf { get; } = new("DSF", "dsf") { Sound = new("audio/x-dsf", "dsf") };
    public static MediaContainer TrueAudio { get; } = new("TTA", "tta") { Sound = new("audio/x-tta", "tta") };
    public static MediaContainer WavPack { get; } = new("WavPack", "wv") { Sound = new("audio/x-wavpack", "wv") };
    public static MediaContainer Monkey { get; } = new("Monkey's Audio", "ape") { Sound = new("audio/x-ape", "ape") };
    public static MediaContainer Musepack7 { get; } = new("Musepack", "mpc") { Sound = new("audio/x-musepack", "mpc", "mp+") };
    public static MediaContainer Musepack8 { get; } = new("Musepack", "mpc8") { Sound = new("audio/x-musepack", "mpc") };
    public static MediaContainer Tak { get; } = new("TAK", "tak") { Sound = new("audio/x-tak", "tak") };
    public static MediaContainer Qcelp { get; } = new("QCP", "qcp") { Sound = new("audio/qcelp", "qcp") };
    public static MediaContainer Latm { get; } = new("AAC in LATM", "loas") { Sound = new("audio/mp4a-latm", "loas", "latm") };
    public static MediaContainer RealMedia { get; } = new("RealMedia", "rm")
    {
        Video = new("video/vnd.rn-realvideo", "rm", "rmvb"),
        Sound = new("audio/vnd.rn-realaudio", "ra"),
    };
    public static MediaContainer Dv { get; } = new("DV", "dv") { Video = new("video/dv", "dv", "dif") };
    public static MediaContainer Mxf { get; } = new("MXF", "mxf") { Video = new("video/mxf", "mxf"), Sound = new("audio/mxf", "mxf") };
    public static MediaContainer Ivf { get; } = new("IVF", "ivf") { Video = new("video/x-ivf", "ivf") };
    public static MediaContainer Nut { get; } = new("NUT", "nut") { Video = new("video/x-nut", "nut"), Sound = new("audio/x-nut", "nut") };
    public static MediaContainer Y4m { get; } = new("YUV4MPEG2", "yuv4mpegpipe") { Video = new("video/x-yuv4mpeg", "y4m") };
    public static MediaContainer MpegVideo { get; } = new("MPEG video", "mpegvideo") { Video = new("video/mpv", "m1v", "m2v", "mpv") };
    public static MediaContainer Mpeg4Video { get; } = new("MPEG-4 video", "m4v") { Video = new("video/mp4v-es", "m4v") };
    public static MediaContainer H264 { get; } = new("H.264", "h264") { Video = new("video/h264", "h264", "264", "avc") };
    public static MediaContainer Hevc { get; } = new("HEVC", "hevc") { Video = new("video/h265", "h265", "hevc", "265") };

    /// <summary>All containers that can be read.</summary>
    public static IReadOnlyList<MediaContainer> All { get; } =
        [
            .. typeof(MediaContainer).GetProperties().Where(property => property.PropertyType == typeof(MediaContainer))
                .Select(property => (MediaContainer)property.GetValue(null)!)
        ];

    /// <summary>Names for still or animated pictures; null if the container holds none.</summary>
    public MediaNames? Picture { get; init; }

    /// <summary>Names for videos; null if the container holds none.</summary>
    public MediaNames? Video { get; init; }

    /// <summary>Names for audio files; null if the container is not usual for audio alone.</summary>
    public MediaNames? Sound { get; init; }

    /// <summary>True for a still or animated picture, false for audio or video.</summary>
    public bool IsPicture => Picture is not null;

    /// <summary>Returns whether a file name has an extension that is usual for a kind of media.</summary>
    public static bool IsNamedLike(MediaKind kind, string path)
    {
        string extension = Path.GetExtension(path).TrimStart('.').ToLowerInvariant();
        return All.Any(container => container.Names(kind)?.Extensions.Contains(extension) == true);
    }

    /// <summary>Returns the names for a kind of media.</summary>
    public MediaNames? Names(MediaKind kind) => kind switch
    {
        MediaKind.Picture => Picture,
        MediaKind.Video => Video,
        _ => Sound,
    };

    /// <summary>Additional ffmpeg arguments before its input.</summary>
    internal IReadOnlyList<string> Options { get; init; } = [];
}
