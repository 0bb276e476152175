using System.Globalization;
using Locutor.Media.Files;

namespace Locutor.Media.Sound;

/// <summary>
/// Decides how the channels of an audio track are mixed for the listener and for the speech encoder. The encoder always gets the mean of
/// what the listener hears, so lips neither move without an audible voice nor rest while somebody speaks.
/// </summary>
/// <remarks>
/// Stereo is unchanged. A named layout is mixed down to stereo. Channels without a layout are averaged, except silent ones. If the channels
/// cancel each other, as with inverted polarity, only the loudest channel is used.
/// </remarks>
internal sealed class ChannelMix
{
    /// <summary>Relative power below which a channel counts as silent (40 dB below the loudest).</summary>
    private const double Silent = 1e-4;

    /// <summary>Relative power below which a mix counts as cancelled (12 dB below that of uncorrelated channels).</summary>
    private const double Cancelled = 0.06;

    private readonly double[][] rows;

    private ChannelMix(double[][] rows, string? note = null)
    {
        this.rows = rows;
        Note = note;
    }

    /// <summary>Number of channels for the listener, 1 or 2.</summary>
    public int HeardChannels => rows.Length;

    /// <summary>True if the listener gets the channels of the track as they are.</summary>
    public bool KeepsChannels => rows is [[1]] or [[1, 0], [0, 1]];

    /// <summary>Message for the user if the channels were mixed in an unexpected way; otherwise null.</summary>
    public string? Note { get; }

    /// <summary>Measures the channels of a track and chooses the mix.</summary>
    public static async Task<ChannelMix> FindAsync(
        MediaFile file, MediaStream audio, MediaLimits limits, CancellationToken cancellationToken)
    {
        if (audio.Channels > ChannelPowers.MostChannels)
            throw file.TooLarge($"{audio.Channels} channels of sound, expected at most {ChannelPowers.MostChannels}");
        if (audio.Channels == 1) return new ChannelMix([[1]]);
        var powers = await ChannelPowers.MeasureAsync(file, audio, limits, cancellationToken).ConfigureAwait(false);
        var mix = Choose(powers, audio.ChannelLayout);
        return new ChannelMix(mix.rows, mix.Note is { } note ? $"{file.Path}: {note}" : null);
    }

    /// <summary>Chooses the mix for measured channels.</summary>
    internal static ChannelMix Choose(ChannelPowers powers, string? layout)
    {
        int channels = powers.Channels;
        int[] live = [.. Enumerable.Range(0, channels).Where(c => powers.Of(c) > Silent * powers.Loudest)];
        if (live.Length == 0) live = [.. Enumerable.Range(0, channels)]; // silence is valid
        var mix = channels == 2 ? new ChannelMix([[1, 0], [0, 1]])
            : ChannelLayouts.Stereo(layout, channels) is { } stereo ? Downmix(stereo, live)
            : Mean(live, channels);
        if (!mix.Cancels(powers)) return mix;
        int loudest = Array.FindIndex(powers.All, p => p == powers.Loudest);
        return new ChannelMix(
            [Row(channels, loudest, 1)],
            $"its {channels} channels cancel each other when they are mixed, so channel {loudest + 1}, the loudest, is used alone");
    }

    /// <summary>Returns ffmpeg's filter for the listener's mix, with <paramref name="channels"/> channels.</summary>
    public string Heard(int channels) => channels == 1 ? Voice() : $"pan=stereo|c0={Sum(rows[0])}|c1={Sum(rows[^1])}";

    /// <summary>Returns ffmpeg's filter for the mono mix that the speech encoder gets.</summary>
    public string Voice() => "pan=mono|c0=" + Sum(VoiceWeights());

    private double[] VoiceWeights() => [.. Enumerable.Range(0, rows[0].Length).Select(c => rows.Average(row => row[c]))];

    private bool Cancels(ChannelPowers powers)
    {
        double[] weights = VoiceWeights();
        double unrelated = weights.Select((weight, channel) => weight * weight * powers.Of(channel)).Sum();
        return powers.OfMix(weights) < Cancelled * unrelated;
    }

    /// <summary>
    /// Creates a downmix. Silent channels do not count in its scale, so that a voice in the centre channel alone keeps its level.
    /// </summary>
    private static ChannelMix Downmix((double[] Left, double[] Right) stereo, int[] live)
    {
        double scale = 1 / Math.Max(live.Sum(c => stereo.Left[c]), live.Sum(c => stereo.Right[c]));
        return new ChannelMix([Array.ConvertAll(stereo.Left, w => w * scale), Array.ConvertAll(stereo.Right, w => w * scale)]);
    }

    private static ChannelMix Mean(int[] live, int channels)
    {
        double[] row = new double[channels];
        foreach (int c in live) row[c] = 1.0 / live.Length;
        string? note = live.Length == channels
            ? null
            : $"{channels} channels without a known layout: channel {string.Join(", ", live.Select(c => c + 1))} is used, the others " +
                "are silent";
        return new ChannelMix([row], note);
    }

    private static double[] Row(int channels, int channel, double weight)
    {
        double[] row = new double[channels];
        row[channel] = weight;
        return row;
    }

    private static string Sum(double[] weights)
    {
        string sum = string.Join(
            '+',
            weights.Select((w, c) => (w, c)).Where(t => t.w != 0)
                .Select(t => $"{t.w.ToString("0.################", CultureInfo.InvariantCulture)}*c{t.c}"));
        return sum.Length > 0 ? sum : "0*c0";
    }
}
