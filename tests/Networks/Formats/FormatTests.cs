using Locutor.Checkpoints.Naming;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests.Formats;

/// <summary>The table of docs/models.md: every network from every format.</summary>
public sealed class FormatTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-formats-").FullName;

    internal static readonly Dictionary<string, Action<Weights>> Networks = new()
    {
        ["video transformer"] = w => _ = new VideoTransformer.VideoTransformer(
            w,
            new(
                Width: 64, FeedForward: 256, Heads: 2, Blocks: 2, TextWidth: 32, TextTokens: 8, ImageWidth: 32, AudioBlocks: 2,
                AudioChannels: 16, AudioHidden: 32, AudioWidth: 32, AudioTokens: 2, TimeWidth: 32)),
        ["video autoencoder"] = w => _ = new VideoAutoencoder.VideoAutoencoder(w, VideoAutoencoderConfig.Wan21 with { Width = 4 }),
        ["text encoder"] = w => _ = new UmT5Encoder(
            w, new(Vocabulary: 70, Width: 32, AttentionWidth: 64, FeedForward: 256, Heads: 4, Blocks: 2)),
        ["picture encoder"] = w => _ = new ClipVisionEncoder(w, new(ImageSize: 28, PatchSize: 14, Width: 64, Heads: 4, Blocks: 3)),
        ["speech encoder"] = w => _ = new Wav2Vec2Encoder(
            w,
            new(
                Width: 32, Heads: 4, Blocks: 2, FeedForward: 256, ConvolutionWidths: [8, 8], ConvolutionKernels: [10, 3],
                ConvolutionStrides: [5, 2], PositionKernel: 16, PositionGroups: 4)),
    };

    public static MatrixTheoryData<string, string> Cells => new(Networks.Keys, FormatFile.Names);

    [Theory]
    [MemberData(nameof(Cells))]
    public void A_network_has_the_values_of_its_file(string network, string format)
    {
        int seed = TestSeed.Value;
        using var shapes = new ShapeParameters();
        Networks[network](new Weights(shapes, ScalarType.Float32, CPU));
        var tensors = FormatFile.Choose(format, shapes.Shapes, new Random(seed));
        using var checkpoint = NetworkCheckpoint.Open([FormatFile.Write(format, folder, tensors)]);
        using var parameters = new CheckpointParameters(checkpoint);

        Networks[network](new Weights(parameters, ScalarType.Float32, CPU));

        checkpoint.Tensors.Count.ShouldBe(tensors.Length);
        foreach (var tensor in tensors)
        {
            using var found = parameters.Load(tensor.Name, tensor.Shape, Initial.Normal, ScalarType.Float32, CPU).contiguous();
            float[] values = found.data<float>().ToArray();
            for (int i = 0; i < values.Length; i++)
            {
                if (!(Math.Abs(values[i] - tensor.Values[i]) <= 1e-5 * (1 + Math.Abs(tensor.Values[i]))))
                    Assert.Fail($"seed {seed}: {tensor.Name}[{i}] is {values[i]}, expected {tensor.Values[i]}");
            }
        }
    }

    public void Dispose() => Directory.Delete(folder, true);
}
