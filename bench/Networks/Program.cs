using System.Diagnostics;
using System.Globalization;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;

// Times the small video autoencoder (width 32, 1 residual block): the best of the rounds, in seconds of wall-clock time and, after the
// slash, of CPU time (with OMP_NUM_THREADS=1, CPU time is meaningful on a busy machine too):
//   dotnet run -c Release --project bench/Networks -- [cpu|cuda] [rounds] [longest side] [most frames]
var device = new Device(args.Length > 0 ? args[0] : "cpu");
int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2;
var config = VideoAutoencoderConfig.Wan21 with { Width = 32, ResidualBlocks = 1 };
int largest = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 192,
    longest = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 81;
int[] sizes = [128, 192], lengths = [33, 81];
using var still = no_grad();
Console.WriteLine($"{device}, {get_num_threads()} threads, width {config.Width}, {config.ResidualBlocks} residual block, best of {rounds}");
Console.WriteLine("type      size  frames         encode         decode    in chunks of 2  error of the decode");
foreach (int size in sizes.Where(size => size <= largest))
{
    foreach (int frames in lengths.Where(frames => frames <= longest))
    {
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
            Measure(size, frames, type);
    }
}

void Measure(int size, int frames, ScalarType type)
{
    using var scope = NewDisposeScope();
    using var parameters = new RandomParameters(1);
    var network = new VideoAutoencoder(new Weights(parameters, type, device), config);
    using var exactParameters = new RandomParameters(1);
    var exact = new VideoAutoencoder(new Weights(exactParameters, ScalarType.Float32, device), config);
    var video = rand([1, 3, frames, size, size], ScalarType.Float32, device) * 2 - 1;
    var latent = network.Encode(video);

    // The results are checked before they are timed, on a few frames: float32 in chunks against float32 as a whole,
    // bfloat16 against float32.
    var few = latent.narrow(2, 0, 3);
    double error = RelativeError(cat(network.DecodeChunks(few, 2).ToList(), 2), exact.Decode(few.to(ScalarType.Float32)));
    if (error > (type == ScalarType.Float32 ? 1e-4 : 0.1)) throw new InvalidOperationException($"{type} at {size}: relative error {error}");

    string encode = Best(() => network.Encode(video).Dispose());
    string decode = Best(() => network.Decode(latent).Dispose());
    string chunks = Best(() =>
    {
        foreach (var chunk in network.DecodeChunks(latent, 2)) chunk.Dispose();
    });
    Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{type,-9} {size,4}  {frames,6}  {encode}  {decode}    {chunks}  {error,19:E1}"));
}

string Best(Action work)
{
    double clock = double.MaxValue, processor = double.MaxValue;
    for (int round = 0; round < rounds; round++)
    {
        using var scope = NewDisposeScope();
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        work();
        if (device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize();
        clock = Math.Min(clock, watch.Elapsed.TotalSeconds);
        processor = Math.Min(processor, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds);
    }
    return string.Create(CultureInfo.InvariantCulture, $"{clock,6:F2}/{processor,6:F2}");
}

static double RelativeError(Tensor found, Tensor expected)
{
    var wide = expected.to(ScalarType.Float32);
    return (found.to(ScalarType.Float32) - wide).abs().max().item<float>() / (double)wide.abs().max().item<float>();
}
