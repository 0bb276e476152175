using System.Diagnostics;
using System.Globalization;
using Locutor.Generation;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;

namespace Locutor.Bench;

/// <summary>
/// Measures the largest resident memory of this process while it makes a whole video of a synthetic voice. The frames are discarded. A
/// process has one maximum, so each length needs a process of its own. A bundle with files uses its trained weights, another random ones.
/// </summary>
internal sealed class MemoryBench(BenchOptions options)
{
    private const string Part = "memory";
    private const double GiB = 1L << 30, MiB = 1L << 20;

    /// <summary>The clip after which memory is compared: the operations are set up, and all caches are filled.</summary>
    private const int Settled = 40;

    private double peak;

    public IEnumerable<BenchRow> Run()
    {
        var settings = Settings();
        int frames = Math.Max(1, (int)(options.Minutes * 60 * SpeechEmbedding.FramesPerSecond));
        var voice = new SyntheticVoice((long)frames * (SpeechEmbedding.SampleRate / SpeechEmbedding.FramesPerSecond));
        using var networks = Load(settings);
        long start = Stopwatch.GetTimestamp();
        using var video = PreparedVideo.FromSpeech(
            networks, settings, (options.Height, options.Width), frames, [Speech(networks, settings, voice)],
            (_, _) => ValueTask.FromResult(Portrait));
        string how = settings.StreamSpeech ? "as it comes" : "as a whole";
        int made = 0, clips = 0;
        double settled = 0;
        BenchRow Row() =>
            new(Part, $"{made} frames of {frames}, {clips} clips, voice encoded {how}", Stopwatch.GetElapsedTime(start).TotalSeconds)
            {
                MemoryGiB = Peak() / GiB,
                Note = string.Create(
                CultureInfo.InvariantCulture,
                $"{Peak() / MiB:0} MiB{(settled > 0 ? $", {100 * (Peak() / settled - 1):+0.0;-0.0} % since clip {Settled}" : "")}"),
            };

        yield return Row();
        foreach (var clip in video.GenerateAsync(new TalkingVideoGenerator(networks)).ToBlockingEnumerable())
        {
            using (clip) made += clip.Frames().Count();
            if (++clips == Settled) settled = Peak();
            if (clips is 1 or Settled || clips % 500 == 0) yield return Row();
        }

        yield return Row();
    }

    private Picture Portrait { get; } = Painted(options.Height, options.Width);

    private VideoSettings Settings()
    {
        var asked = VideoSettings.Resolve(options.Bundle, options.Request());
        return asked with
        {
            ClipFrames = options.Frames,
            MotionFrames = Math.Max(1, Math.Min(asked.MotionFrames, options.Frames - 4)),
            Prompt = options.Bundle.DefaultPrompt,
            NegativePrompt = options.Bundle.NegativePrompt,
        };
    }

    private NetworkSet Load(VideoSettings settings)
    {
        var loading = LoadingOptions.From(options.Device, options.Precision) with { Budget = options.VramBudget };
        return options.Files is { } files
            ? NetworkSet.Load(files, loading with { Adapters = settings.Adapters })
            : NetworkSet.Random(options.Bundle, options.Seed, loading);
    }

    private static ISpeech Speech(NetworkSet networks, VideoSettings settings, SyntheticVoice voice)
    {
        if (settings.StreamSpeech) return new SpeechStream(voice, networks.Speech, networks.Device, settings.ClipFrames);
        using var sound = voice.Store();
        return SpeechEmbedding.Compute(sound, networks.Speech, networks.Device);
    }

    /// <summary>Returns a picture whose colours change slowly.</summary>
    private static Picture Painted(int height, int width)
    {
        byte[] rgb = new byte[3 * height * width];
        for (int i = 0; i < rgb.Length; i++)
            rgb[i] = (byte)(128 + 90 * Math.Sin(0.05 * (i / 3 % width) + i % 3) * Math.Cos(0.04 * (i / 3 / width)));
        return new Picture(width, height, rgb);
    }

    /// <summary>
    /// The largest resident memory of this process so far, in bytes. The kernel adds up the counters of its processors late, so it may
    /// tell a little less than before.
    /// </summary>
    private double Peak()
    {
        using var process = Process.GetCurrentProcess();
        return peak = Math.Max(peak, process.PeakWorkingSet64);
    }

    /// <summary>A voice of harmonics whose pitch and loudness change; it is computed when it is read.</summary>
    private sealed class SyntheticVoice(long samples) : ISampleSource
    {
        private long position;

        public ValueTask<int> ReadAsync(Memory<float> samples, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Fill(samples.Span));

        public StoredSound Store()
        {
            var sound = new StoredSound(SpeechEmbedding.SampleRate);
            float[] second = new float[SpeechEmbedding.SampleRate];
            while (Fill(second) is var count and > 0) sound.Append(second.AsSpan(0, count));
            return sound;
        }

        private int Fill(Span<float> into)
        {
            int count = (int)Math.Min(into.Length, samples - position);
            for (int i = 0; i < count; i++)
            {
                double t = (double)position++ / SpeechEmbedding.SampleRate, phase = 2 * Math.PI * 130 * (t + 0.02 * Math.Sin(2 * t));
                double loudness = 0.1 * (1 + Math.Sin(2 * Math.PI * 3.3 * t));
                into[i] = (float)(loudness * (Math.Sin(phase) + 0.5 * Math.Sin(5 * phase) + 0.3 * Math.Sin(13 * phase)));
            }

            return count;
        }
    }
}
