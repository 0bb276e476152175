using Locutor.Checkpoints.Naming;
using Locutor.Networks.Layers;
using Locutor.Networks.UmT5;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests.Formats;

public sealed class AsStoredTests : IDisposable
{
    private static readonly UmT5Config Config = new(Vocabulary: 70, Width: 32, AttentionWidth: 64, FeedForward: 256, Heads: 4, Blocks: 2);

    private readonly string folder = Directory.CreateTempSubdirectory("locutor-as-stored-").FullName;

    public static TheoryData<string> Formats => [.. FormatFile.Names];

    /// <summary>
    /// A weight that is widened for every product gives the same bits as one that was widened once, and stays in the mapped file if it is
    /// stored in half as many bits.
    /// </summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public void A_text_encoder_whose_matrices_stay_in_the_file_gives_equal_results(string format)
    {
        int seed = TestSeed.Value;
        using var still = no_grad();
        using var shapes = new ShapeParameters();
        _ = new UmT5Encoder(new Weights(shapes, ScalarType.Float32, CPU), Config);
        using var checkpoint = NetworkCheckpoint.Open(
            [FormatFile.Write(format, folder, FormatFile.Choose(format, shapes.Shapes, new Random(seed)))]);
        using var wide = new CheckpointParameters(checkpoint);
        using var stored = new CheckpointParameters(checkpoint);
        var ids = new RandomInputs(seed).Integers(0, Config.Vocabulary, 1, 9);
        Tensor Said(Weights weights) => new UmT5Encoder(weights, Config).Forward(ids, ones_like(ids));

        var expected = Said(new Weights(wide, ScalarType.Float32, CPU));
        var found = Said(new Weights(stored, ScalarType.Float32, CPU).AsStored());

        found.dtype.ShouldBe(ScalarType.Float32);
        found.Equals(expected).ShouldBeTrue($"seed {seed}");
        string[] narrow = [.. stored.Requested.Where(entry => entry.Value != ScalarType.Float32).Select(entry => entry.Key)];
        string[] matrices =
        [
            .. shapes.Shapes.Keys.Where(key => key.EndsWith(".weight", StringComparison.Ordinal) && shapes.Shapes[key].Length == 2
                && !key.Contains("pos_embedding", StringComparison.Ordinal))
        ];
        bool half = format is "safetensors bfloat16" or "safetensors float16" or "PyTorch zip" or "PyTorch pickle" or "GGUF BF16"
            or "GGUF F16";
        if (half) narrow.Order().ShouldBe(matrices.Order());
        wide.Requested.Values.ShouldAllBe(type => type == ScalarType.Float32);
    }

    public void Dispose() => Directory.Delete(folder, true);
}
