using Locutor.Generation.Blueprints;
using Locutor.Generation.Loading;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>Measures the encoders of the prompt, the picture and the voice. Each runs once per video.</summary>
internal sealed class EncodersBench(BenchOptions options, Meter meter)
{
    private const string Part = "encoders";
    private const int Tokens = 20, SampleRate = 16000, FramesPerSecond = 25, Seconds = 10;

    public IEnumerable<BenchRow> Run()
    {
        // Otherwise the CPU encodes the prompt, which is not measured here.
        if (Arithmetic.ForText(options.Device).type == options.Device.type) yield return Text();
        yield return Image();
        yield return Speech();
    }

    private BenchRow Text()
    {
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var config = new BundleBlueprint(options.Bundle).Text;
        var ids = randint(0, config.Vocabulary, [1, Tokens], ScalarType.Int64).to(options.Device);
        double seconds = 0;
        double? memory = meter.Peak(() =>
        {
            var network = new UmT5Encoder(new Weights(parameters, Arithmetic.ForEncoders(options.Device), options.Device), config);
            seconds = meter.Median(() => network.Forward(ids, ones_like(ids)));
        });
        return new BenchRow(Part, $"prompt of {Tokens} tokens", seconds) { MemoryGiB = memory };
    }

    private BenchRow Image()
    {
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var picture = rand([1, 3, options.Height, options.Width], ScalarType.Float32, options.Device) * 2 - 1;
        double seconds = 0;
        double? memory = meter.Peak(() =>
        {
            var network = new ClipVisionEncoder(
                new Weights(parameters, Arithmetic.ForEncoders(options.Device), options.Device), new BundleBlueprint(options.Bundle).Image);
            seconds = meter.Median(() => network.Forward(picture));
        });
        return new BenchRow(Part, $"picture, {options.Height}x{options.Width}", seconds) { MemoryGiB = memory };
    }

    private BenchRow Speech()
    {
        using var scope = NewDisposeScope();
        using var parameters = new RandomParameters(options.Seed, onDevice: meter.OnGpu);
        var wave = randn([1, Seconds * SampleRate], ScalarType.Float32, options.Device);
        var network = new Wav2Vec2Encoder(
            new Weights(parameters, ScalarType.Float32, options.Device), new BundleBlueprint(options.Bundle).Speech);
        return new BenchRow(Part, $"{Seconds} s of speech", meter.Median(() => network.Forward(wave, Seconds * FramesPerSecond)));
    }
}
