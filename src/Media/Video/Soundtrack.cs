using System.Globalization;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Probing;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.Media.Video;

/// <summary>
/// Audio of a written video: a waveform, audio that still arrives, or the user's own files, mixed by <see cref="ChannelMix"/>; stereo is
/// kept.
/// </summary>
public sealed class Soundtrack
{
    private readonly string[] paths;
    private readonly bool together;
    private readonly Func<SoundSource>? other;

    private Soundtrack(Func<SoundSource>? other, string[] paths, bool together = true)
    {
        this.other = other;
        this.paths = paths;
        this.together = together;
    }

    public static Soundtrack FromWaveform(Waveform waveform) => new(() => SoundSource.From(waveform), []);

    /// <summary>Audio that still arrives; the caller disposes it.</summary>
    public static Soundtrack FromGrowing(GrowingSound sound) => new(() => SoundSource.From(sound), []);

    public static Soundtrack FromFile(string path) => new(null, [path]);

    /// <summary>Both voices start together and are summed (<c>para</c>).</summary>
    public static Soundtrack SideBySide(string first, string second) => new(null, [first, second], together: true);

    /// <summary>The second voice starts when the first has ended (<c>add</c>).</summary>
    public static Soundtrack OneAfterTheOther(string first, string second) => new(null, [first, second], together: false);

    internal async Task<SoundSource> OpenAsync(MediaLimits limits, CancellationToken cancellationToken)
    {
        if (other is not null) return other();
        var files = new List<MediaFile>();
        var streams = new List<MediaStream>();
        var mixes = new List<ChannelMix>();
        foreach (string path in paths)
        {
            var file = MediaFile.Open(path, limits);
            var info = await MediaProbe.ProbeAsync(file, limits, cancellationToken).ConfigureAwait(false);
            files.Add(file);
            streams.Add(info.Audio ?? throw file.Unsupported("has no sound"));
            mixes.Add(await ChannelMix.FindAsync(file, streams[^1], limits, cancellationToken).ConfigureAwait(false));
        }
        if (files.Count == 1 && mixes[0].KeepsChannels && PlainWav.Find(files[0]) is { } wav) return SoundSource.From(files[0], wav);
        int rate = streams.Max(s => AacRate(s.SampleRate));
        int channels = mixes.Max(mix => mix.HeardChannels);
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", .. files.SelectMany(f => f.InputArguments()), "-filter_complex",
            Graph(streams, mixes, rate, channels),
            "-map", "[all]", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1",
        ];
        return SoundSource.From(ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments), string.Join(" and ", paths), rate, channels);
    }

    /// <summary>
    /// Returns the sample rate for encoding. At this rate, AAC frames of 1024 samples end within 24 ms of the last picture; at speech rates
    /// they would not.
    /// </summary>
    internal static int AacRate(int rate) => rate == 44100 ? 44100 : 48000;

    private string Graph(List<MediaStream> streams, List<ChannelMix> mixes, int rate, int channels)
    {
        string layout = channels == 2 ? "stereo" : "mono";
        var parts = streams.Select((stream, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"[{i}:{stream.Index}]aformat=sample_fmts=fltp,{mixes[i].Heard(channels)}," +
            $"aresample={rate}:resampler=soxr:precision=20," +
            $"aformat=sample_fmts=flt:channel_layouts={layout}[s{i}];"));
        string join = (streams.Count, together) switch
        {
            (1, _) => "[s0]anull[all]",
            (_, true) => "[s0][s1]amix=inputs=2:duration=longest:normalize=0[all]",
            _ => "[s0][s1]concat=n=2:v=0:a=1[all]",
        };
        return string.Concat(parts) + join;
    }
}
