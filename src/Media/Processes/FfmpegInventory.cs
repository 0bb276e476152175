using System.Text.RegularExpressions;

namespace Locutor.Media.Processes;

/// <summary>The capabilities of an installed ffmpeg, compared with those that this program needs.</summary>
/// <param name="Path">Path of the program.</param>
/// <param name="Version">Version as the program reports it, for example <c>5.1.7-0+deb12u1</c>.</param>
/// <param name="VideoEncoder">The H.264 encoder that is used; null if there is none.</param>
/// <param name="Missing">Missing parts with their kind, such as <c>filter amix</c>, without which no video is made.</param>
/// <param name="MissingForSome">Missing parts that some videos need, such as <c>filter zscale for videos in HDR</c>.</param>
public sealed partial record FfmpegInventory(
    string Path, string Version, string? VideoEncoder, IReadOnlyList<string> Missing, IReadOnlyList<string> MissingForSome)
{
    /// <summary>Parts that only some inputs and outputs need.</summary>
    private static readonly (string Kind, string Name, string Purpose)[] Extras =
    [
        ("filter", "zscale", HighDynamicRange), ("filter", "tonemap", HighDynamicRange), ("filter", "setparams", HighDynamicRange),
        ("filter", "bwdif", "interlaced videos"), ("filter", "minterpolate", "--added-frames interpolate"),
        ("filter", "subtitles", "burnt captions"), ("encoder", "libvpx-vp9", ".webm"), ("encoder", "libopus", ".webm"),
        ("encoder", "gif", ".gif"),
    ];

    private const string HighDynamicRange = "videos in HDR or of a wide gamut";
    private const string Resampling = "aresample=16000:resampler=soxr:precision=20", Mixing = "asplit[a][b];[a][b]amix=normalize=0";

    private static readonly string[] Demuxers = ["mov", "matroska", "wav", "mp3", "ogg", "flac"];
    private static readonly string[] Decoders = ["h264", "hevc", "aac", "mp3", "opus", "vorbis", "flac", "png", "mjpeg", "webp"];
    private static readonly string[] Filters = ["aresample", "pan", "amix", "scale", "fps", "format"];
    private static readonly string[] Muxers = ["mp4"];
    private static readonly string[] Encoders = ["aac"];

    /// <summary>Queries ffmpeg and ffprobe on PATH. Cancelling kills their processes.</summary>
    /// <exception cref="MediaException">One of them is missing or cannot be started.</exception>
    public static Task<FfmpegInventory> TakeAsync(CancellationToken cancellationToken) => TakeAsync(FfmpegTools.Find(), cancellationToken);

    internal static async Task<FfmpegInventory> TakeAsync(FfmpegTools tools, CancellationToken cancellationToken)
    {
        await SaidAsync(tools.Ffprobe, ["-hide_banner", "-version"], cancellationToken).ConfigureAwait(false);
        // The head of every list has the version.
        var (codecs, head) = await SaidAsync(tools.Ffmpeg, ["-codecs"], cancellationToken).ConfigureAwait(false);
        string formats = await ListAsync(tools, "-formats", cancellationToken).ConfigureAwait(false);
        var encoders = Coders(codecs, "encoders");
        var filters = Names(await ListAsync(tools, "-filters", cancellationToken).ConfigureAwait(false));
        List<string> missing =
        [
            .. Lacking("demuxer", Demuxers, Names(formats, 'D')),
            .. Lacking("decoder", Decoders, Coders(codecs, "decoders")),
            .. Lacking("filter", Filters, filters),
            .. Lacking("muxer", Muxers, Names(formats, 'E')),
            .. Lacking("encoder", Encoders, encoders),
        ];
        // Where both filters work, one start of ffmpeg tells so.
        bool both = await FiltersAsync(tools, $"{Resampling},{Mixing}", cancellationToken).ConfigureAwait(false);
        if (!both && !await FiltersAsync(tools, Resampling, cancellationToken).ConfigureAwait(false)) missing.Add("library libsoxr");
        List<string> some =
        [
            .. Extras.Where(part => !(part.Kind == "filter" ? filters : encoders).Contains(part.Name))
                .Select(part => $"{part.Kind} {part.Name} for {part.Purpose}"),
        ];
        if (!both && !await FiltersAsync(tools, Mixing, cancellationToken).ConfigureAwait(false))
            some.Add("option normalize of the filter amix, which came with ffmpeg 4.4, for two voices");
        string? encoder = await EncoderAsync(tools, encoders, cancellationToken).ConfigureAwait(false);
        if (encoder is null) missing.Add("encoder for H.264");
        return new(tools.Ffmpeg, VersionOf(head), encoder, missing, some);
    }

    /// <summary>
    /// Parses the names from the output of <c>ffmpeg -filters</c> and similar lists: flags, names separated by commas, a description.
    /// </summary>
    /// <param name="list">The output of ffmpeg.</param>
    /// <param name="flag">Only entries with this flag; null for all.</param>
    internal static HashSet<string> Names(string list, char? flag = null) =>
    [
        .. Entry().Matches(list).Where(match => flag is not { } wanted || match.Groups[1].Value.Contains(wanted))
            .SelectMany(match => match.Groups[2].Value.Split(','))
    ];

    /// <summary>
    /// Parses the names of the decoders or encoders from the output of <c>ffmpeg -codecs</c>: flags, the name of the codec, a description,
    /// and in brackets the names of its decoders and encoders where they differ from that of the codec.
    /// </summary>
    /// <param name="codecs">The output of ffmpeg.</param>
    /// <param name="kind"><c>decoders</c> or <c>encoders</c>.</param>
    internal static HashSet<string> Coders(string codecs, string kind)
    {
        int place = kind == "decoders" ? 0 : 1;
        var names = new HashSet<string>();
        foreach (Match codec in Codec().Matches(codecs))
        {
            if (codec.Groups[1].Value[place] == '.') continue;
            var others = Regex.Match(codec.Groups[3].Value, $@"\({kind}: ([^)]*)\)");
            names.UnionWith(others.Success ? others.Groups[1].Value.Trim().Split(' ') : [codec.Groups[2].Value]);
        }
        return names;
    }

    private static IEnumerable<string> Lacking(string kind, string[] wanted, HashSet<string> found) =>
        wanted.Where(name => !found.Contains(name)).Select(name => $"{kind} {name}");

    private static async Task<string> ListAsync(FfmpegTools tools, string list, CancellationToken cancellationToken) =>
        (await SaidAsync(tools.Ffmpeg, ["-hide_banner", "-v", "error", list], cancellationToken).ConfigureAwait(false)).Output;

    private static string VersionOf(string head) =>
        VersionLine().Match(head) is { Success: true } line ? line.Groups[1].Value : "of unknown version";

    /// <summary>True if ffmpeg applies these filters to a sound.</summary>
    private static async Task<bool> FiltersAsync(FfmpegTools tools, string filters, CancellationToken cancellationToken)
    {
        var process = ToolProcess.Start(
            tools.Ffmpeg, ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.1", "-af", filters, "-f", "null", "-"]);
        await using var disposalProcess = process.ConfigureAwait(false);
        return await process.WaitAsync(cancellationToken).ConfigureAwait(false) == 0;
    }

    private static async Task<string?> EncoderAsync(FfmpegTools tools, HashSet<string> encoders, CancellationToken cancellationToken)
    {
        try
        {
            return (await H264Encoder.FindAsync(tools, encoders, cancellationToken).ConfigureAwait(false)).Name;
        }
        catch (MediaException)
        {
            return null;
        }
    }

    private static async Task<(string Output, string Messages)> SaidAsync(
        string tool, string[] arguments, CancellationToken cancellationToken)
    {
        var process = ToolProcess.Start(tool, arguments);
        await using var disposal = process.ConfigureAwait(false);
        using var kill = process.KillOn(cancellationToken);
        using var reader = new StreamReader(process.Output);
        string output = await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        int code = await process.WaitAsync(cancellationToken).ConfigureAwait(false);
        return code == 0
            ? (output, process.Messages)
            : throw new MediaException(
                MediaErrorCodes.Internal, $"{tool} {string.Join(' ', arguments)} ended with code {code}: {process.Complaint("")}");
    }

    [GeneratedRegex(@"^ +([A-Z.|]+)(?: d)? +([\w,-]+) ", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"^ ([D.][E.])\S+ +(\w\S*) +(.*)$", RegexOptions.Multiline)]
    private static partial Regex Codec();

    [GeneratedRegex(@"version (\S+)")]
    private static partial Regex VersionLine();
}
