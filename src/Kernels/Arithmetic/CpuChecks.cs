using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels.Arithmetic;

/// <summary>Checks of what every network computes on a CPU: matrix products, attention and norms. Convolutions are checked where they are made.</summary>
public static class CpuChecks
{
    private const string Usual = "libtorch", WithoutOneDnn = "without oneDNN";
    private const int Inputs = 72, Outputs = 40, Tokens = 33, Keys = 9, Heads = 2, HeadWidth = 36, Channels = 24;

    /// <summary>Whether networks may compute in bfloat16 on this CPU. There is no second path: float32 takes its place.</summary>
    public static bool TrustBFloat16() => Checks(ScalarType.BFloat16).All(check => SelfTest.On(CPU).PathOf(check.Kind, check.Check) is not null);

    /// <summary>Switches oneDNN off for the whole process where float32 is wrong with it.</summary>
    /// <exception cref="WrongArithmeticException">float32 is wrong without it too.</exception>
    public static void RequireFloat32()
    {
        foreach (var (kind, check) in Checks(ScalarType.Float32))
        {
            string path = SelfTest.On(CPU).PathOf(kind, check) ?? throw new WrongArithmeticException($"this machine computes a {kind} wrongly, with oneDNN and without it; no network can run here");
            if (path == WithoutOneDnn) OneDnn.DisableForProcess();
        }
    }

    private static IEnumerable<(OperationKind Kind, OperationCheck Check)> Checks(ScalarType type)
    {
        yield return Of("linear", type, [[2, Tokens, Inputs], [Outputs, Inputs], [Outputs]], t => linear(t[0], t[1], t[2]), t => t[0].matmul(t[1].t()) + t[2]);
        yield return Of(
            "attention", type, [[2, Heads, Tokens, HeadWidth], [2, Heads, Keys, HeadWidth], [2, Heads, Keys, HeadWidth]],
            t => scaled_dot_product_attention(t[0], t[1], t[2]),
            t => (t[0].matmul(t[1].transpose(2, 3)) / Math.Sqrt(HeadWidth)).softmax(3).matmul(t[2]));
        yield return Of("channel norm", type, [[1, 2, 5, 7, Channels], [Channels, 1, 1, 1]], t => ChannelNormSilu.Apply(t[0].permute(0, 4, 1, 2, 3), t[1]), ExactChannelNorm);
        if (type == ScalarType.Float32) // layer norms are computed in float32 whatever the network's type
            yield return Of("layer norm", type, [[2, Tokens, Inputs], [Inputs], [Inputs]], t => layer_norm(t[0], [Inputs], t[1], t[2], 1e-5), ExactLayerNorm);
    }

    private static (OperationKind Kind, OperationCheck Check) Of(string name, ScalarType type, long[][] shapes, Func<Tensor[], Tensor> run, Func<Tensor[], Tensor> exact)
    {
        var paths = new List<OperationPath> { new(Usual, inputs => Still(() => run(inputs))) };
        if (type == ScalarType.Float32) paths.Add(new(WithoutOneDnn, inputs => OneDnn.Without(() => Still(() => run(inputs)))));
        double tolerance = type == ScalarType.Float32 ? 1e-4 : 0.03;
        var check = new OperationCheck(tolerance, () => Normal(shapes, type), inputs => Still(() => exact([.. inputs.Select(input => input.to(ScalarType.Float64))])), paths);
        return (new OperationKind(name, type.ToString().ToLowerInvariant()), check);
    }

    private static Tensor[] Still(Func<Tensor> operation)
    {
        using var still = no_grad();
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
