using System.Globalization;
using System.Runtime.InteropServices;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Probing;
using Locutor.Media.Processes;

namespace Locutor.Media.Sound;

/// <summary>Mean power of each channel of an audio track, and of any mix of them.</summary>
internal sealed class ChannelPowers
{
    public const int MostChannels = 64;

    private static readonly RecentReports Recent = new();

    private readonly double[,] products; // mean of a[i] * a[j], for i <= j

    private ChannelPowers(double[,] products)
    {
        this.products = products;
        All = [.. Enumerable.Range(0, Channels).Select(Of)];
    }

    public int Channels => products.GetLength(0);

    public double[] All { get; }

    public double Loudest => All.Max();

    public double Of(int channel) => products[channel, channel];

    /// <summary>Returns the power of a weighted sum of the channels.</summary>
    public double OfMix(double[] weights)
    {
        double power = 0;
        for (int i = 0; i < Channels; i++)
        {
            for (int j = i; j < Channels; j++) power += (i == j ? 1 : 2) * weights[i] * weights[j] * products[i, j];
        }
        return power;
    }

    /// <summary>Measures interleaved samples.</summary>
    public static ChannelPowers From(ReadOnlySpan<float> samples, int channels)
    {
        var sum = new Accumulator(channels);
        sum.Add(samples);
        return sum.Result();
    }

    /// <summary>
    /// Measures a track by decoding it once; the samples are not stored. A voice is measured for the network and for the listener, so the
    /// result is kept until the file changes.
    /// </summary>
    public static async Task<ChannelPowers> MeasureAsync(
        MediaFile file, MediaStream audio, MediaLimits limits, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", .. file.InputArguments(), "-map", $"0:{audio.Index}", "-vn", "-sn", "-dn", "-t",
            limits.MaxSeconds.ToString("0.###", CultureInfo.InvariantCulture),
            "-af", "aformat=sample_fmts=flt", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1",
        ];
        byte[] powers = await Recent.GetAsync(
            file.FullPath, arguments,
            async () =>
            {
                var found = PlainWav.Find(file) is { } wav
                    ? await ReadAsync(file, wav, cancellationToken).ConfigureAwait(false)
                    : await DecodeAsync(file, audio, arguments, cancellationToken).ConfigureAwait(false);
                return found.ToBytes();
            }).ConfigureAwait(false);
        return FromBytes(powers, audio.Channels);
    }

    private static async Task<ChannelPowers> ReadAsync(MediaFile file, PlainWav wav, CancellationToken cancellationToken)
    {
        var sum = new Accumulator(wav.Format.Channels);
        await wav.ReadAsync(file, sum.Add, cancellationToken).ConfigureAwait(false); // less if the file was cut meanwhile
        return sum.Result();
    }

    private static async Task<ChannelPowers> DecodeAsync(
        MediaFile file, MediaStream audio, string[] arguments, CancellationToken cancellationToken)
    {
        var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        await using var disposal = process.ConfigureAwait(false);
        using var kill = process.KillOn(cancellationToken);
        var sum = new Accumulator(audio.Channels);
        byte[] buffer = new byte[sizeof(float) * audio.Channels * 4096];
        while (await process.Output.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false) is var read and > 0)
        {
            sum.Add(MemoryMarshal.Cast<byte, float>(buffer.AsSpan(0, read)));
        }
        if (await process.WaitAsync(cancellationToken).ConfigureAwait(false) != 0) throw file.Damaged(process.Complaint(file.FullPath));
        return sum.Result();
    }

    private byte[] ToBytes()
    {
        byte[] bytes = new byte[sizeof(double) * products.Length];
        Buffer.BlockCopy(products, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    private static ChannelPowers FromBytes(byte[] bytes, int channels)
    {
        double[,] products = new double[channels, channels];
        Buffer.BlockCopy(bytes, 0, products, 0, bytes.Length);
        return new ChannelPowers(products);
    }

    /// <summary>
    /// Accumulates the products of channels. All samples are used for up to 8 channels, fewer for more: the work grows with the square of
    /// their number.
    /// </summary>
    private sealed class Accumulator(int channels)
    {
        private readonly double[,] sums = new double[channels, channels];
        private readonly int stride = Math.Max(1, channels * channels / 64);
        private long count;
        private int skip;

        public void Add(ReadOnlySpan<float> samples)
        {
            int frames = samples.Length / channels;
            for (; skip < frames; skip += stride) AddFrame(samples.Slice(skip * channels, channels));
            skip -= frames;
        }

        public ChannelPowers Result()
        {
            double[,] means = new double[channels, channels];
            for (int i = 0; i < channels; i++)
            {
                for (int j = i; j < channels; j++) means[i, j] = count == 0 ? 0 : sums[i, j] / count;
            }
            return new ChannelPowers(means);
        }

        private void AddFrame(ReadOnlySpan<float> frame)
        {
            foreach (float sample in frame)
            {
                if (!float.IsFinite(sample)) return; // the decoder will refuse the file
            }
            for (int i = 0; i < channels; i++)
            {
                double a = frame[i];
                for (int j = i; j < channels; j++) sums[i, j] += a * frame[j];
            }
            count++;
        }
    }
}
