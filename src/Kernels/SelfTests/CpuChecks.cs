using Locutor.Kernels.Arithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels.SelfTests;

/// <summary>
/// Self tests of the operations that every network uses on a CPU: matrix products, attention and norms. Every convolution is tested when it
/// is created.
/// </summary>
public static class CpuChecks
{
    private const string Usual = "libtorch", WithoutOneDnn = "without oneDNN";
    private const int Inputs = 72, Outputs = 40, Tokens = 33, Keys = 9, Heads = 2, HeadWidth = 36, Channels = 24;

    /// <summary>Returns whether networks may compute in bfloat16 on this CPU. If not, they compute in float32.</summary>
    public static bool TrustBFloat16() =>
        Checks(ScalarType.BFloat16).All(check => SelfTest.On(CPU).PathOf(check.Kind, check.Check) is not null);

    /// <summary>Tests float32, and switches oneDNN off for the whole process if float32 is wrong with it.</summary>
    /// <exception cref="WrongArithmeticException">float32 is wrong without oneDNN too.</exception>
    public static void RequireFloat32()
    {
        foreach (var (kind, check) in Checks(ScalarType.Float32))
        {
            string path = SelfTest.On(CPU).PathOf(kind, check)
                ?? throw new WrongArithmeticException(
                    $"this machine computes a {kind} wrongly, with oneDNN and without it; no network can run here");
            if (path == WithoutOneDnn) OneDnn.DisableForProcess();
        }
    }

    private static IEnumerable<(OperationKind Kind, OperationCheck Check)> Checks(ScalarType type)
    {
        yield return Create(
            "linear", type, [[2, Tokens, Inputs], [Outputs, Inputs], [Outputs]],
            t => linear(t[0], t[1], t[2]),
            t => t[0].matmul(t[1].t()) + t[2]);
        yield return Create(
            "attention", type, [[2, Heads, Tokens, HeadWidth], [2, Heads, Keys, HeadWidth], [2, Heads, Keys, HeadWidth]],
            t => scaled_dot_product_attention(t[0], t[1], t[2]),
            t => (t[0].matmul(t[1].transpose(2, 3)) / Math.Sqrt(HeadWidth)).softmax(3).matmul(t[2]));
        yield return Create(
            "channel norm", type, [[1, 2, 5, 7, Channels], [Channels, 1, 1, 1]],
            t => ChannelNormSilu.Apply(t[0].permute(0, 4, 1, 2, 3), t[1]),
            ExactChannelNorm);
        if (type != ScalarType.Float32) yield break; // layer norms are always computed in float32
        yield return Create(
            "layer norm", type, [[2, Tokens, Inputs], [Inputs], [Inputs]],
            t => layer_norm(t[0], [Inputs], t[1], t[2], 1e-5),
            ExactLayerNorm);
    }

    private static (OperationKind Kind, OperationCheck Check) Create(
        string name, ScalarType type, long[][] shapes, Func<Tensor[], Tensor> run, Func<Tensor[], Tensor> exact)
    {
        var paths = new List<OperationPath> { new(Usual, inputs => WithoutGradients(() => run(inputs))) };
        if (type == ScalarType.Float32) paths.Add(new(WithoutOneDnn, inputs => OneDnn.Without(() => WithoutGradients(() => run(inputs)))));
        double tolerance = type == ScalarType.Float32 ? 1e-4 : 0.03;
        Tensor[] Reference(Tensor[] inputs) => WithoutGradients(() => exact([.. inputs.Select(input => input.to(ScalarType.Float64))]));
        var check = new OperationCheck(tolerance, () => Normal(shapes, type), Reference, paths);
        return (new OperationKind(name, type.ToString().ToLowerInvariant()), check);
    }

    private static Tensor[] WithoutGradients(Func<Tensor> operation)
    {
        using var inference = no_grad();
        return [operation()];
    }

    private static Tensor[] Normal(long[][] shapes, ScalarType type)
    {
        using var generator = new Generator(7, CPU);
        return [.. shapes.Select(shape => randn(shape, ScalarType.Float32, CPU, generator: generator).to(type))];
    }

    private static Tensor ExactChannelNorm(Tensor[] t)
    {
        var x = t[0].permute(0, 4, 1, 2, 3);
        var y = x * Math.Sqrt(Channels) / x.square().sum(1, keepdim: true).sqrt() * t[1];
        return y * y.sigmoid();
    }

    private static Tensor ExactLayerNorm(Tensor[] t)
    {
        var centred = t[0] - t[0].mean([-1], keepdim: true);
        return centred / (centred.square().mean([-1], keepdim: true) + 1e-5).sqrt() * t[1] + t[2];
    }
}
