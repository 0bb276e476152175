using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// softmax(q k^T / sqrt(D)) v with 8-bit products, by a kernel for heads of 128 channels on compute capability 9.0.
/// <see cref="PlainEightBitAttention"/> defines the arithmetic.
/// </summary>
public static unsafe class EightBitAttention
{
    /// <summary>Environment variable: <c>auto</c>, <c>exact</c> or <c>8bit</c>, see <see cref="AttentionPrecision"/>.</summary>
    public const string Variable = "LOCUTOR_ATTENTION";

    /// <summary>With fewer keys the quantisation costs more than the products save (an H100, 40 heads: 0.62 ms in place of 0.54 at 4,096 tokens, 1.9 in place of 2.05 at 8,192).</summary>
    private const long FewestKeys = 8192;

    private const int ConsumerAndCopyThreads = 384, SharedBytes = (HeadQuantiser.QueryTile + 2 * 2 * PlainEightBitAttention.Tile) * HeadQuantiser.Head;

    private static readonly CudaKernel Kernel = new("EightBitAttention.cu", "eight_bit_attention", SharedBytes, hopper: true);

    private static AttentionPrecision? precision;

    /// <summary>The user's choice, for the whole process.</summary>
    public static AttentionPrecision Precision
    {
        get => precision ??= Parse(Environment.GetEnvironmentVariable(Variable));
        set => precision = value;
    }

    /// <summary>Whether self attention should call <see cref="Apply(Tensor, Tensor, Tensor)"/>.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="linears">How the layers around the attention hold their weights.</param>
    public static bool Pays(Tensor q, Tensor k, LinearPrecision linears) => Precision == AttentionPrecision.EightBit
        ? long.IsPow2(q.shape[3]) && k.shape[2] > 0 && !(is_grad_enabled() && q.requires_grad)
        : IsChosen(linears, k.shape[2]) && RunsOn(q);

    /// <summary>Whether self attention should leave norm and turn of queries and keys to <see cref="Apply(ProjectedHeads, ProjectedHeads, Tensor)"/>.</summary>
    public static bool Pays(ProjectedHeads q, LinearPrecision linears) => IsChosen(linears, q.X.shape[1]) && RunsOn(q.X, q.Head);

    /// <summary>Whether the user's choice and the number of keys ask for 8 bits where the device has the kernel.</summary>
    public static bool IsChosen(LinearPrecision linears, long keys) => Precision switch
    {
        AttentionPrecision.Automatic => linears != LinearPrecision.Plain && keys >= FewestKeys,
        AttentionPrecision.EightBit => true,
        _ => false,
    };

    /// <summary>Whether the kernel runs on that query; else <see cref="Apply(Tensor, Tensor, Tensor)"/> takes the plain path.</summary>
    public static bool RunsOn(Tensor q) => RunsOn(q, q.shape[3]);

    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D], at least one key.</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <returns>[B, Lq, H * D], of the type of q.</returns>
    public static Tensor Apply(Tensor q, Tensor k, Tensor v)
    {
        if (!RunsOn(q)) return PlainEightBitAttention.Apply(q, k, v);
        using var scope = NewDisposeScope();
        return Attend(HeadQuantiser.Queries(q), HeadQuantiser.Keys(k), v).MoveToOuterDisposeScope();
    }

    /// <summary>The same of rows that norm and turn make queries and keys of; one kernel does that and quantises.</summary>
    /// <param name="v">[B, H, L, D]</param>
    /// <returns>[B, L, H * D], of the type of q.</returns>
    public static Tensor Apply(ProjectedHeads q, ProjectedHeads k, Tensor v)
    {
        using var scope = NewDisposeScope();
        return (RunsOn(q.X, q.Head) ? Attend(HeadQuantiser.Queries(q), HeadQuantiser.Keys(k), v) : PlainEightBitAttention.Apply(q.Turned(), k.Turned(), v)).MoveToOuterDisposeScope();
    }

    /// <exception cref="KernelException">The variable has another value than the three.</exception>
    internal static AttentionPrecision Parse(string? setting) => setting switch
    {
        null or "" or "auto" => AttentionPrecision.Automatic,
        "exact" => AttentionPrecision.Exact,
        "8bit" => AttentionPrecision.EightBit,
        _ => throw new KernelException($"{Variable}={setting}: expected auto, exact or 8bit"),
    };

    private static bool RunsOn(Tensor x, long head) => head == HeadQuantiser.Head && CudaKernel.Takes(x) && GpuPaths.For(x.device).EightBitAttention;

    private static Tensor Attend(QuantisedHeads q, QuantisedHeads k, Tensor v)
    {
        using var scope = NewDisposeScope();
        uint heads = checked((uint)q.Heads), queries = checked((uint)q.Tokens), keys = checked((uint)k.Tokens);
        var y = empty([q.Batch, q.Tokens, q.Heads * HeadQuantiser.Head], v.dtype, v.device);
        var values = HeadQuantiser.Values(v);
        nint q8 = TensorMemory.Address(q.Bytes), k8 = TensorMemory.Address(k.Bytes), v8 = TensorMemory.Address(values.Bytes), to = TensorMemory.Address(y);
        nint qs = TensorMemory.Address(q.Scales), ks = TensorMemory.Address(k.Scales), vs = TensorMemory.Address(values.Scales);
        void** arguments = stackalloc void*[] { &q8, &qs, &k8, &ks, &v8, &vs, &to, &heads, &queries, &keys };
        Kernel.Launch(v, "", q.Batch * heads * HeadQuantiser.Parts(queries, HeadQuantiser.QueryTile), ConsumerAndCopyThreads, arguments);
        return y.MoveToOuterDisposeScope();
    }
}
