using System.Collections.Concurrent;

namespace Locutor.Media.Processes;

/// <summary>An H.264 encoder that the installed ffmpeg has and that works on this machine.</summary>
internal sealed record H264Encoder(string Name)
{
    private static readonly ConcurrentDictionary<string, H264Encoder> Known = new();

    /// <summary>Encoders in order of preference; hardware encoders may be compiled in and still not work.</summary>
    private static readonly string[] Preferred =
    [
        "libx264", "libopenh264", "h264_nvenc", "h264_videotoolbox", "h264_mf", "h264_qsv", "h264_amf", "h264_v4l2m2m"
    ];

    /// <summary>Finds the first encoder that works.</summary>
    /// <exception cref="MediaException">There is no working encoder.</exception>
    public static Task<H264Encoder> FindAsync(FfmpegTools tools, CancellationToken cancellationToken) =>
        FindAsync(tools, null, cancellationToken);

    /// <summary>Finds the first encoder that works.</summary>
    /// <param name="tools">The ffmpeg to use.</param>
    /// <param name="encoders">The names of all encoders; null to ask ffmpeg.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="MediaException">There is no working encoder.</exception>
    public static async Task<H264Encoder> FindAsync(FfmpegTools tools, IReadOnlySet<string>? encoders, CancellationToken cancellationToken)
    {
        if (Known.TryGetValue(tools.Ffmpeg, out var known)) return known;
        encoders ??= FfmpegInventory.Names(await ListAsync(tools, cancellationToken).ConfigureAwait(false));
        foreach (string name in Candidates(encoders))
        {
            if (name == Preferred[0] || await WorksAsync(tools, name, cancellationToken).ConfigureAwait(false))
                return Known.GetOrAdd(tools.Ffmpeg, new H264Encoder(name));
        }
        throw new MediaException(
            MediaErrorCodes.Internal,
            $"{tools.Ffmpeg} has no H.264 encoder that works here: install an ffmpeg with libx264 (looked for " +
            $"{string.Join(", ", Preferred)})");
    }

    /// <summary>Returns those of some encoders that are supported, best first.</summary>
    public static string[] Candidates(IReadOnlySet<string> encoders) => Array.FindAll(Preferred, encoders.Contains);

    /// <summary>Returns the encoder options for a picture quality.</summary>
    /// <param name="quality">Constant rate factor of x264: 1 (best) to 51.</param>
    /// <param name="pixelsPerSecond">Pixel rate, for encoders that only support bit rates.</param>
    /// <param name="lowDelay">True to encode every frame at once; only x264 waits for later frames.</param>
    public string[] Arguments(int quality, double pixelsPerSecond, bool lowDelay = false) => Name switch
    {
        "libx264" => ["-c:v", Name, "-preset", "veryfast", "-crf", $"{quality}", .. lowDelay ? (string[])["-tune", "zerolatency"] : []],
        "h264_nvenc" => ["-c:v", Name, "-rc", "vbr", "-cq", $"{quality}", "-b:v", "0"],
        // 0.15 bits per pixel at quality 23, doubled every 6 steps.
        _ => ["-c:v", Name, "-b:v", $"{(long)(pixelsPerSecond * 0.15 * Math.Pow(2, (23 - quality) / 6.0))}"],
    };

    private static async Task<string> ListAsync(FfmpegTools tools, CancellationToken cancellationToken)
    {
        var process = ToolProcess.Start(tools.Ffmpeg, ["-nostdin", "-hide_banner", "-v", "error", "-encoders"]);
        await using var disposalProcess = process.ConfigureAwait(false);
        using var reader = new StreamReader(process.Output);
        string list = await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await process.WaitAsync(cancellationToken).ConfigureAwait(false);
        return list;
    }

    private static async Task<bool> WorksAsync(FfmpegTools tools, string name, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", "-f", "lavfi", "-i", "color=s=256x256:r=25", "-frames:v", "2", "-c:v", name, "-f",
            "null", "-"
        ];
        var process = ToolProcess.Start(tools.Ffmpeg, arguments);
        await using var disposal = process.ConfigureAwait(false);
        return await process.WaitAsync(cancellationToken).ConfigureAwait(false) == 0;
    }
}
