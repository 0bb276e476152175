using Locutor.Kernels.Compilation;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Attention with 8-bit products, softmax(q k^T / sqrt(D)) v. The kernel needs heads of 128 channels and compute capability 9.0;
/// <see cref="PlainEightBitAttention"/> defines the arithmetic.
/// </summary>
public static unsafe class EightBitAttention
{
    /// <summary>
    /// With fewer keys, quantisation costs more than the products save (an H100, 40 heads: 0.62 ms in place of 0.54 at 4,096 tokens, 1.9 in
    /// place of
    /// 2.05 at 8,192).
    /// </summary>
    private const long FewestKeys = 8192;

    private const int ConsumerAndCopyThreads = 384, SharedBytes = (HeadQuantiser.QueryTile + 2 * 2 * PlainEightBitAttention.Tile) * HeadQuantiser.Head;

    /// <summary>With more keys the weights of a block's tiles do not fit into shared memory, so that no list is made.</summary>
    public const long MostListedKeys = 320 * PlainEightBitAttention.Tile;

    private const int RecordBytes = (int)(MostListedKeys / PlainEightBitAttention.Tile) * HeadQuantiser.QueryTile * 2;
    private const string Records = "#define RECORDS 1\n", Listed = "#define LISTED 1\n";

    private static readonly CudaKernel Kernel = new("EightBitAttention.cu", "eight_bit_attention", SharedBytes, hopper: true);
    private static readonly CudaKernel RecordingKernel = new(
        "EightBitAttention.cu", "eight_bit_attention", SharedBytes + RecordBytes, hopper: true);

    /// <summary>Choice of the user, <see cref="TorchOptions.Attention"/>.</summary>
    public static AttentionPrecision Precision => Parse(TorchOptions.Current.Attention);

    /// <summary>Returns whether self attention should use <see cref="Apply(Tensor, Tensor, Tensor, VisitedTiles)"/>.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="linears">Precision of the layers around the attention.</param>
    public static bool IsWorthwhile(Tensor q, Tensor k, LinearPrecision linears) => Precision == AttentionPrecision.EightBit
        ? long.IsPow2(q.shape[3]) && k.shape[2] > 0 && !(is_grad_enabled() && q.requires_grad)
        : IsChosen(linears, k.shape[2]) && RunsOn(q);

    /// <summary>
    /// Returns whether self attention should use <see cref="Apply(ProjectedHeads, ProjectedHeads, Tensor, VisitedTiles)"/>, which includes
    /// norm and rotation.
    /// </summary>
    /// <param name="q">Projected queries.</param>
    /// <param name="linears">Precision of the layers around the attention.</param>
    public static bool IsWorthwhile(ProjectedHeads q, LinearPrecision linears) => IsChosen(linears, q.X.shape[1]) && RunsOn(q.X, q.Head);

    /// <summary>Returns whether the choice of the user and the number of keys call for 8 bits, if the device has the kernel.</summary>
    public static bool IsChosen(LinearPrecision linears, long keys) => Precision switch
    {
        AttentionPrecision.Automatic => linears != LinearPrecision.Plain && keys >= FewestKeys,
        AttentionPrecision.EightBit => true,
        _ => false,
    };

    /// <summary>Returns whether self attention of a network has 8-bit products.</summary>
    /// <param name="device">Device of the network.</param>
    /// <param name="head">Channels of a head.</param>
    /// <param name="linears">Precision of the layers around the attention.</param>
    /// <param name="keys">Number of keys.</param>
    public static bool Serves(Device device, long head, LinearPrecision linears, long keys)
    {
        if (!IsChosen(linears, keys)) return false;
        if (Precision == AttentionPrecision.EightBit) return true;
        return head == HeadQuantiser.Head && !TorchOptions.Current.PlainKernels && CudaKernel.Available
            && GpuPaths.ForGpu(device) is { FusedKernels: true, EightBitAttention: true };
    }

    /// <summary>Returns whether the kernel supports this query. If not, libtorch computes the same arithmetic.</summary>
    public static bool RunsOn(Tensor q) => RunsOn(q, q.shape[3]);

    /// <summary>Computes the attention.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D], at least one key.</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <param name="tiles">Which tiles are read; null: all.</param>
    /// <returns>[B, Lq, H * D], of the type of q.</returns>
    public static Tensor Apply(Tensor q, Tensor k, Tensor v, VisitedTiles? tiles = null)
    {
        if (!RunsOn(q) || tiles is { OfKernel: false }) return PlainEightBitAttention.Apply(q, k, v, tiles);
        using var scope = NewDisposeScope();
        return Attend(HeadQuantiser.Queries(q), HeadQuantiser.Keys(k), v, tiles).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the attention of projected queries and keys; one kernel computes norm, rotation and quantisation.</summary>
    /// <param name="q">Projected queries.</param>
    /// <param name="k">Projected keys.</param>
    /// <param name="v">[B, H, L, D]</param>
    /// <param name="tiles">Which tiles are read; null: all.</param>
    /// <returns>[B, L, H * D], of the type of q.</returns>
    public static Tensor Apply(ProjectedHeads q, ProjectedHeads k, Tensor v, VisitedTiles? tiles = null)
    {
        using var scope = NewDisposeScope();
        bool kernel = RunsOn(q.X, q.Head) && tiles is not { OfKernel: false };
        var y = kernel
            ? Attend(HeadQuantiser.Queries(q), HeadQuantiser.Keys(k), v, tiles)
            : PlainEightBitAttention.Apply(q.Rotated(), k.Rotated(), v, tiles);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>Parses the choice of the user.</summary>
    /// <exception cref="KernelException">The text is not one of the three values.</exception>
    internal static AttentionPrecision Parse(string? setting) => setting switch
    {
        null or "" or "auto" => AttentionPrecision.Automatic,
        "exact" => AttentionPrecision.Exact,
        "8bit" => AttentionPrecision.EightBit,
        _ => throw new KernelException($"{TorchOptions.AttentionVariable}={setting}: expected auto, exact or 8bit"),
    };

    private static bool RunsOn(Tensor x, long head) =>
        head == HeadQuantiser.Head && CudaKernel.CanRun(x) && GpuPaths.For(x.device).EightBitAttention;

    private static Tensor Attend(QuantisedHeads q, QuantisedHeads k, Tensor v, VisitedTiles? tiles)
    {
        using var scope = NewDisposeScope();
        var values = HeadQuantiser.Values(v);
        long all = q.Batch * q.Heads;
        if (tiles is null || k.Tokens > MostListedKeys) return Launch(Kernel, "", q, k, values, v, null).MoveToOuterDisposeScope();
        if (tiles.Words(all, q.Tokens, k.Tokens) is { } words)
        {
            // A skipped key or value that is NaN shall reach the outputs of its head all the same: by the scales of the queries.
            q.Scales.add_((k.Scales * 0).sum([1], keepdim: true) + (values.Scales * 0).sum([1, 2]).unsqueeze(1));
            return Launch(Kernel, Listed, q, k, values, v, words).MoveToOuterDisposeScope();
        }
        var shares = empty([all, tiles.QueryTiles(q.Tokens), tiles.KeyTiles(k.Tokens)], ScalarType.Float32, v.device);
        var y = Launch(RecordingKernel, Records, q, k, values, v, shares);
        tiles.Choose(shares, q.Tokens, k.Tokens);
        return y.MoveToOuterDisposeScope();
    }

    /// <param name="carried">The list to read or the shares to write; null for neither.</param>
    private static Tensor Launch(CudaKernel kernel, string constants, QuantisedHeads q, QuantisedHeads k, QuantisedHeads values, Tensor v, Tensor? carried)
    {
        uint heads = checked((uint)q.Heads), queries = checked((uint)q.Tokens), keys = checked((uint)k.Tokens);
        var y = empty([q.Batch, q.Tokens, q.Heads * HeadQuantiser.Head], v.dtype, v.device);
        nint q8 = TensorMemory.Address(
            q.Bytes), k8 = TensorMemory.Address(k.Bytes), v8 = TensorMemory.Address(values.Bytes), to = TensorMemory.Address(y);
        nint qs = TensorMemory.Address(q.Scales), ks = TensorMemory.Address(k.Scales), vs = TensorMemory.Address(values.Scales);
        nint more = carried is null ? 0 : TensorMemory.Address(carried);
        void** arguments = stackalloc void*[] { &q8, &qs, &k8, &ks, &v8, &vs, &to, &heads, &queries, &keys, &more };
        kernel.Launch(v, constants, q.Batch * heads * HeadQuantiser.Parts(queries, HeadQuantiser.QueryTile), ConsumerAndCopyThreads, arguments);
        return y;
    }
}
