using Locutor.Kernels.Arithmetic;
using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Kernels.SelfTests;

/// <summary>
/// The self tests of a GPU: every kind of product and attention that networks use, with small random inputs, against its definition in
/// float64. The first path of each test is the one that the capability promises, or else the one that always exists.
/// </summary>
internal sealed class GpuChecks(Device gpu, GpuCapability capability)
{
    public const string BFloat16 = "bfloat16", Float16 = "float16", OneKernel = "one kernel", AsFloat32 = "float32", AsBytes = "bytes";
    public const string Cudnn = "cuDNN", Fused = "fused", EightBits = "8 bits";

    private const long Tokens = 48, Inputs = 64, Outputs = 96, Heads = 2, Head = 64, Keys = 40, Width = 256, TimedSide = 2048;
    private const double Rounded = 1e-2;

    /// <summary>Tests a matrix product with bias in the fastest floating-point type.</summary>
    public (OperationKind, OperationCheck) Products()
    {
        OperationPath In(string name, ScalarType type) =>
            new(name, given => [linear(given[0].to(type), given[1].to(type), given[2].to(type))]);
        OperationPath[] paths = [In(BFloat16, ScalarType.BFloat16), In(Float16, ScalarType.Float16), In("float32", ScalarType.Float32)];
        if (!capability.BFloat16) paths = paths[1..];
        return (new("matrix product", "16-bit"), new(Rounded, () => Layer(ScalarType.Float32, Tokens, Inputs, Outputs), Product, paths)
        {
            TimedInputs = () => Layer(ScalarType.Float32, TimedSide, TimedSide, TimedSide),
        });
    }

    /// <summary>Tests GELU of a matrix product.</summary>
    public (OperationKind, OperationCheck) Gelu(ScalarType half) => (new("matrix product with GELU", Name(half)), new(
        Rounded,
        () => Layer(half, Tokens, Inputs, Outputs),
        given => [Gelu(Product(given)[0])],
        [
            new(OneKernel, given => [TorchScripts.ProductGelu(given[0], given[1].t(), given[2])]),
            new("two kernels", given => [linear(given[0], given[1], given[2]).gelu(TorchSharp.Modules.GELU.Approximate.tanh)]),
        ]));

    /// <summary>Tests products of 16-bit values with float32 results.</summary>
    public (OperationKind, OperationCheck) Float32Outputs(ScalarType half) => (new("matrix product to float32", Name(half)), new(
        Rounded,
        () => [Normal(half, 0, 2, Tokens, Inputs), Normal(half, 1, 2, Inputs, Outputs)],
        given => [Wide(given[0]).matmul(Wide(given[1]))],
        [
            new(AsFloat32, given => [TorchScripts.Float32Products(given[0], given[1])]),
            new("rounded", given => [given[0].bmm(given[1]).to(ScalarType.Float32)])
        ]));

    /// <summary>Tests a matrix product with quantised weights, with and without a bias.</summary>
    public (OperationKind, OperationCheck) Bytes(LinearPrecision precision, ScalarType half)
    {
        Tensor[] Multiply(ILinearProduct product, Tensor[] given)
        {
            var x = product.Precision == LinearPrecision.Plain
                ? new Activations(RowQuantiser.Restore(new(given[0], given[1]), half), null)
                : new Activations(given[0], given[1]);
            return [product.Multiply(x, given[4], half), product.Multiply(x, null, half)];
        }
        ILinearProduct Bytes(Tensor[] given) =>
            precision == LinearPrecision.Float8 ? new Float8Product(new(given[2], given[3])) : new Int8Product(new(given[2], given[3]));
        OperationPath bytes = new(AsBytes, given => Multiply(Bytes(given), given));
        OperationPath widened = new("widened", given => Multiply(new WidenedProduct(new(given[2], given[3]), Outputs / 3), given));
        return (new("matrix product", Name(precision)), new(
            Rounded,
            () => [.. Quantised(precision, 0, Tokens, Inputs), .. Quantised(precision, 1, Outputs, Inputs), Normal(half, 2, Outputs)],
            given =>
            {
                var y = (Wide(given[0]) * given[1].unsqueeze(-1)).matmul((Wide(given[2]) * given[3].unsqueeze(-1)).t());
                return [y + given[4], y];
            },
            (precision == LinearPrecision.Float8 ? capability.Float8Products : capability.Int8Products) ? [bytes, widened] : [widened]));
    }

    /// <summary>Tests attention, and the logarithm of cuDNN's sums of exponentials.</summary>
    public (OperationKind, OperationCheck) Attention(ScalarType half)
    {
        OperationPath libtorch = new("libtorch", given => [scaled_dot_product_attention(given[0], given[1], given[2]), given[3]]);
        OperationPath cudnn = new(Cudnn, given =>
        {
            var (y, sums) = TorchScripts.CudnnAttentionAndSums(given[0], given[1], given[2]);
            return [y, sums.view(1, Heads, Tokens)];
        });
        Tensor Logits(Tensor[] given) => Wide(given[0]).matmul(Wide(given[1]).transpose(2, 3)) / Math.Sqrt(Head);
        Tensor[] Inputs()
        {
            Tensor[] given =
            [
                Normal(half, 0, 1, Heads, Tokens, Head), Normal(half, 1, 1, Heads, Keys, Head), Normal(half, 2, 1, Heads, Keys, Head)
            ];
            return [.. given, Logits(given).logsumexp(-1)];
        }
        return (new("attention", Name(half)), new(
            Rounded, Inputs, given => [Logits(given).softmax(-1).matmul(Wide(given[2])), given[3]], capability.CudnnAttention
                ? [cudnn, libtorch]
                : [libtorch]));
    }

    /// <summary>Tests one kernel of this library, which rounds, sums over a row and writes bytes like all of them.</summary>
    public (OperationKind, OperationCheck) Kernels(ScalarType half)
    {
        OperationPath Norm(string name, Func<Tensor, Tensor, Tensor, Activations> norm) => new(name, given =>
        {
            var made = norm(given[0], given[1], given[2]);
            return [RowQuantiser.Restore(new(made.Values, made.Scales!))];
        });
        var fused = Norm(Fused, (x, scale, shift) => NormModulate.Apply(x, scale, shift, 1e-6, LinearPrecision.Int8));
        var single = Norm("one by one", (x, scale, shift) => NormModulate.Plain(x, scale, shift, 1e-6, LinearPrecision.Int8));
        return (new("kernels", Name(half)), new(
            2 * Rounded,
            () =>
                [Normal(half, 0, 1, Tokens, Width), Normal(ScalarType.Float32, 1, 1, 1, Width), Normal(ScalarType.Float32, 2, 1, 1, Width)],
            given =>
            {
                var centred = Wide(given[0]) - Wide(given[0]).mean([-1], keepdim: true);
                return [centred / (centred.square().mean([-1], keepdim: true) + 1e-6).sqrt() * given[1] + given[2]];
            },
            capability.FusedKernels && gpu.type == TorchSharp.DeviceType.CUDA && CudaKernel.Available ? [fused, single] : [single]));
    }

    /// <summary>Tests attention with 8-bit products, over more keys than a tile of the kernel.</summary>
    public (OperationKind, OperationCheck) EightBitAttention(ScalarType half)
    {
        const long Width = 128, Queries = 130, MoreKeys = 300;
        OperationPath bytes = new(EightBits, given => [Locutor.Kernels.EightBitAttention.Apply(given[0], given[1], given[2])]);
        OperationPath libtorch = new(
            "libtorch", given => [scaled_dot_product_attention(given[0], given[1], given[2]).transpose(1, 2).flatten(2)]);
        return (new("8-bit attention", Name(half)), new(
            3 * Rounded,
            () =>
            [
                Normal(half, 0, 1, Heads, Queries, Width), Normal(half, 1, 1, Heads, MoreKeys, Width),
                Normal(half, 2, 1, Heads, MoreKeys, Width)
            ],
            given =>
            {
                var logits = Wide(given[0]).matmul(Wide(given[1]).transpose(2, 3)) / Math.Sqrt(Width);
                return [logits.softmax(-1).matmul(Wide(given[2])).transpose(1, 2).flatten(2)];
            },
            gpu.type == TorchSharp.DeviceType.CUDA && CudaKernel.Available ? [bytes, libtorch] : [libtorch]));
    }

    /// <summary>Tests a convolution of frames and one behind an upsampling, over more places than a tile of the kernel.</summary>
    public (OperationKind, OperationCheck) FrameConvolution(ScalarType half)
    {
        const long Channels = Locutor.Kernels.FrameConvolution.Part, High = 19, Across = 35;
        Tensor Video(Tensor[] given) => given[0].permute(0, 4, 1, 2, 3);
        Tensor[] Library(Tensor[] given)
        {
            var doubled = Video(given).select(2, 0).repeat_interleave(2, 2).repeat_interleave(2, 3);
            return
            [
                conv3d(Video(given), given[1], given[3], padding: [0, 1, 1]),
                conv2d(doubled, given[2], given[3], padding: [1, 1]).unsqueeze(2)
            ];
        }
        OperationPath libtorch = new("libtorch", Library), kernel = new(OneKernel, given =>
        [
            Locutor.Kernels.FrameConvolution.Apply(Video(given), Locutor.Kernels.FrameConvolution.Arrange(given[1]), given[3]),
            Locutor.Kernels.FrameConvolution.ApplyDoubling(
                Video(given).narrow(2, 0, 1), Locutor.Kernels.FrameConvolution.ArrangePhases(given[2]), given[3])
        ]);
        return (new("convolution of frames", Name(half)), new(
            Rounded,
            () =>
            [
                Normal(half, 0, 1, 4, High, Across, Channels), Normal(half, 1, Channels, Channels, 3, 3, 3) / 51,
                Normal(half, 2, Channels, Channels, 3, 3) / 29, Normal(half, 3, Channels)
            ],
            given => Library([.. given.Select(Wide)]),
            gpu.type == TorchSharp.DeviceType.CUDA && CudaKernel.Available ? [kernel, libtorch] : [libtorch]));
    }

    private Tensor[] Layer(ScalarType type, long tokens, long inputs, long outputs) =>
        [Normal(type, 0, tokens, inputs), Normal(type, 1, outputs, inputs), Normal(type, 2, outputs)];

    private static Tensor[] Product(Tensor[] given) => [Wide(given[0]).matmul(Wide(given[1]).t()) + Wide(given[2])];

    private static Tensor Gelu(Tensor x) => x * 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x.pow(3))).tanh());

    private Tensor[] Quantised(LinearPrecision precision, int draw, params long[] shape)
    {
        var rows = RowQuantiser.Quantise(Normal(ScalarType.Float32, draw, shape), precision);
        return [rows.Values, rows.Scales];
    }

    private static Tensor Wide(Tensor x) => x.to(ScalarType.Float32).to(ScalarType.Float64);

    /// <summary>Draws random values on the CPU from a separate generator, so that a test changes no other random number.</summary>
    private Tensor Normal(ScalarType type, int draw, params long[] shape)
    {
        using var generator = new Generator((ulong)draw + 1, CPU);
        return randn(shape, ScalarType.Float32, CPU, generator: generator).to(gpu).to(type);
    }

    private static string Name(Enum type) => $"{type}".ToLowerInvariant();
}
