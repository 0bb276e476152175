using System.Diagnostics;
using System.Globalization;
using Locutor.Generation;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using static TorchSharp.torch;

// Times whole videos of a small bundle at its own size, from decoded picture and sound to frames in memory, without ffmpeg. The first
// round warms up. All lengths are measured in one process, shortest first, so that the growth of memory with the length is visible:
//   dotnet run -c Release --project bench/Generation -- [untrained|sketch] [steps] [seconds of speech ...]
string name = args.Length > 0 ? args[0] : UntrainedBundle.Name;
int? steps = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : null;
double[] lengths = args.Length > 2 ? [.. args[2..].Select(a => double.Parse(a, CultureInfo.InvariantCulture))] : [2, 5];
var device = CPU;
var found = ModelFinder.Find(name);
var settings = VideoSettings.Resolve(found.Bundle, VideoRequest.Empty.With(VideoFields.Steps, steps));
var type = Arithmetic.For(device);
using var networks = NetworkSet.Load(found, new(device, type));
Console.WriteLine(
    $"{name}, {settings.Buckets[0][1]}x{settings.Buckets[0][0]}, {settings.Steps} steps, {type}, {get_num_threads()} threads");
Console.WriteLine("speech  frames    whole  frames/s  text, speech  encoding  denoising  decoding  memory at most");
foreach (double seconds in lengths.Prepend(1)) await RunAsync(seconds, seconds != 1);

async Task RunAsync(double seconds, bool shown)
{
    var random = new Random(1);
    byte[] rgb = new byte[3 * settings.Buckets[0][0] * settings.Buckets[0][1]];
    random.NextBytes(rgb);
    var picture = new Picture(settings.Buckets[0][1], settings.Buckets[0][0], rgb);
    var sound = new Waveform(
        SpeechEmbedding.SampleRate,
        [.. Enumerable.Range(0, (int)(seconds * SpeechEmbedding.SampleRate)).Select(_ => random.NextSingle() * 0.2f - 0.1f)]);
    var watch = new StageWatch();
    long start = Stopwatch.GetTimestamp();
    using var video = PreparedVideo.FromMemory(
        networks, settings with { Prompt = found.Bundle.DefaultPrompt, NegativePrompt = found.Bundle.DefaultPrompt, Seed = 1 }, picture,
        sound);
    double encoded = Stopwatch.GetElapsedTime(start).TotalSeconds;
    int frames = SpeechEmbedding.VideoFrames(sound), made = 0;
    var generator = new TalkingVideoGenerator(networks.Transformer, networks.Autoencoder, networks.Image, device);
    await foreach (var clip in video.GenerateAsync(generator, progress: watch))
        using (clip) made += clip.Frames().Count();
    watch.Stop();
    if (made != frames) throw new InvalidOperationException($"expected {frames} frames, found {made}");
    double whole = Stopwatch.GetElapsedTime(start).TotalSeconds;
    if (shown)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{seconds,4:F0} s  {frames,6}  {whole,6:F2} s  {frames / whole,8:F1}  {encoded,9:F2} s  " +
            $"{watch[GenerationStage.Encoding],6:F2} s  {watch[GenerationStage.Denoising],7:F2} s  " +
            $"{watch[GenerationStage.Decoding],6:F2} s  {PeakMegabytes(),11:F0} MB"));
    }
}

static double PeakMegabytes()
{
    using var process = Process.GetCurrentProcess();
    return process.PeakWorkingSet64 / 1e6;
}

/// <summary>Sums the time between reports of progress by stage.</summary>
internal sealed class StageWatch : IProgress<GenerationProgress>
{
    private readonly Dictionary<GenerationStage, double> seconds = [];
    private GenerationStage? stage;
    private long since;

    public double this[GenerationStage of] => seconds.GetValueOrDefault(of);

    public void Report(GenerationProgress value)
    {
        Stop();
        stage = value.Stage;
    }

    public void Stop()
    {
        if (stage is { } ended) seconds[ended] = seconds.GetValueOrDefault(ended) + Stopwatch.GetElapsedTime(since).TotalSeconds;
        since = Stopwatch.GetTimestamp();
    }
}
