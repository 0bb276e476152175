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
    /// With fewer keys, quantisation takes longer than the faster products save (H100, 40 heads, 8 bits against 16: 0.62 against 0.54 ms at
    /// 4,096 tokens, 1.9 against 2.05 ms at 8,192).
    /// </summary>
    private const long FewestKeys = 8192;

    private const int ConsumerAndCopyThreads = 384,
        SharedBytes = (HeadQuantiser.QueryTile + 2 * 2 * PlainEightBitAttention.Tile) * HeadQuantiser.Head;

    /// <summary>With more keys, the weights of a block's tiles do not fit into shared memory, so no list is created.</summary>
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
    /// Returns whether self attention should quantise projected heads itself (<see cref="Queries"/>), which includes norm and rotation.
    /// </summary>
    /// <param name="projected">Projected values, in the type of the queries.</param>
    /// <param name="head">Channels of a head.</param>
    /// <param name="linears">Precision of the layers around the attention.</param>
    /// <param name="keys">Number of keys.</param>
    /// <param name="tiles">The tiles that the attention reads; null: all.</param>
    public static bool IsWorthwhile(Tensor projected, long head, LinearPrecision linears, long keys, VisitedTiles? tiles = null) =>
        IsChosen(linears, keys) && RunsOn(projected, head) && tiles is not { HasKernelSize: false };

    /// <summary>Returns whether the user's choice and the number of keys select 8 bits, if the device has the kernel.</summary>
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
    /// <param name="tiles">The tiles to read; null for all.</param>
    /// <returns>[B, Lq, H * D], of the type of q.</returns>
    public static Tensor Apply(Tensor q, Tensor k, Tensor v, VisitedTiles? tiles = null)
    {
        if (!RunsOn(q) || tiles is { HasKernelSize: false }) return PlainEightBitAttention.Apply(q, k, v, tiles);
        using var scope = NewDisposeScope();
        return Apply(HeadQuantiser.Queries(q), HeadQuantiser.Keys(k), HeadQuantiser.Values(v), v.dtype, tiles).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the attention of projected queries and keys; one kernel computes norm, rotation and quantisation.</summary>
    /// <param name="q">Projected queries.</param>
    /// <param name="k">Projected keys.</param>
    /// <param name="v">[B, H, L, D]</param>
    /// <returns>[B, L, H * D], of the type of v.</returns>
    public static Tensor Apply(ProjectedHeads q, ProjectedHeads k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var y = RunsOn(q.X, q.Head)
            ? Apply(Queries(q), Keys(k, ShareOfMean(k, 0, k.X.shape[1])), Values(v), v.dtype)
            : PlainEightBitAttention.Apply(q.Rotated(), k.Rotated(), v);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>Computes norm, rotation and quantisation of queries in one kernel.</summary>
    public static QuantisedHeads Queries(ProjectedHeads q) => HeadQuantiser.Queries(q);

    /// <summary>Computes norm, rotation and quantisation of keys in one kernel.</summary>
    /// <param name="k">Projected keys.</param>
    /// <param name="mean">A vector that is subtracted from all keys of a head, near their mean: [B * H, D], float32.</param>
    public static QuantisedHeads Keys(ProjectedHeads k, Tensor mean) => HeadQuantiser.Keys(k, mean);

    /// <summary>Computes the mean of a sample of the keys. Any vector can be subtracted from all keys, so a sample is enough.</summary>
    /// <param name="k">Projected keys: all of them, or a part that begins inside the sequence.</param>
    /// <param name="start">Index of the first of them among all keys.</param>
    /// <param name="all">Number of all keys.</param>
    /// <returns>The sum of the sample [B * H, D] divided by the size of the whole sample; the sums over all parts are the mean.</returns>
    public static Tensor ShareOfMean(ProjectedHeads k, long start, long all)
    {
        using var scope = NewDisposeScope();
        long step = PlainEightBitAttention.Step(all), first = HeadQuantiser.Parts(start, step) * step - start;
        var sample = k.Sampled(first, step);
        return (HeadQuantiser.Mean(sample) * ((double)sample.X.shape[1] / HeadQuantiser.Parts(all, step))).MoveToOuterDisposeScope();
    }

    /// <summary>Quantises values.</summary>
    /// <param name="v">[B, H, L, D]</param>
    public static QuantisedHeads Values(Tensor v) => HeadQuantiser.Values(v);

    /// <summary>Computes the attention of quantised heads with the kernel.</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="type">16-bit type of the result.</param>
    /// <param name="tiles">The tiles to read; null for all.</param>
    /// <returns>[B, Lq, H * D]</returns>
    public static Tensor Apply(QuantisedHeads q, QuantisedHeads k, QuantisedHeads v, ScalarType type, VisitedTiles? tiles = null)
    {
        using var scope = NewDisposeScope();
        long all = q.Batch * q.Heads;
        if (tiles is null || k.Tokens > MostListedKeys) return Launch(Kernel, "", q, k, v, type, null).MoveToOuterDisposeScope();
        if (tiles.Words(all, q.Tokens, k.Tokens) is { } words)
        {
            // NaN in a skipped key or value must still reach the outputs of its head. The scales of the queries carry it.
            q.Scales.add_((k.Scales * 0).sum([1], keepdim: true) + (v.Scales * 0).sum([1, 2]).unsqueeze(1));
            return Launch(Kernel, Listed, q, k, v, type, words).MoveToOuterDisposeScope();
        }
        var shares = empty([all, tiles.QueryTiles(q.Tokens), tiles.KeyTiles(k.Tokens)], ScalarType.Float32, q.Bytes.device);
        var y = Launch(RecordingKernel, Records, q, k, v, type, shares);
        tiles.Choose(shares, q.Tokens, k.Tokens);
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

    /// <summary>Computes the attention of some queries with the kernel.</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="rows">The queries, and the memory of their outputs.</param>
    public static void Apply(QuantisedHeads q, QuantisedHeads k, QuantisedHeads v, AttentionRows rows) =>
        Launch(Kernel, "", q, k, v, rows, null);

    /// <param name="carried">The list to read or the shares to write; null for neither.</param>
    private static Tensor Launch(
        CudaKernel kernel, string constants, QuantisedHeads q, QuantisedHeads k, QuantisedHeads v, ScalarType type, Tensor? carried)
    {
        var y = empty([q.Batch, q.Tokens, q.Heads * HeadQuantiser.Head], type, q.Bytes.device);
        Launch(kernel, constants, q, k, v, new AttentionRows(y, 0, q.Tokens), carried);
        return y;
    }

    private static void Launch(
        CudaKernel kernel, string constants, QuantisedHeads q, QuantisedHeads k, QuantisedHeads v, AttentionRows rows, Tensor? carried)
    {
        uint heads = checked((uint)q.Heads), queries = checked((uint)q.Tokens), keys = checked((uint)k.Tokens);
        uint first = checked((uint)(rows.First / HeadQuantiser.QueryTile)), count = rows.Tiles(q.Tokens);
        var y = rows.Outputs;
        long batch = y.stride(0), row = y.stride(1);
        nint q8 = TensorMemory.Address(q.Bytes), k8 = TensorMemory.Address(k.Bytes), v8 = TensorMemory.Address(v.Bytes);
        nint to = TensorMemory.Address(y) - (nint)(rows.FirstOutput * row * y.element_size());
        nint qs = TensorMemory.Address(q.Scales), ks = TensorMemory.Address(k.Scales), vs = TensorMemory.Address(v.Scales);
        nint more = carried is null ? 0 : TensorMemory.Address(carried);
        void** arguments = stackalloc void*[]
        {
            &q8, &qs, &k8, &ks, &v8, &vs, &to, &heads, &queries, &keys, &first, &count, &batch, &row, &more
        };
        kernel.Launch(y, constants, q.Batch * heads * count, ConsumerAndCopyThreads, arguments);
    }
}

/// <summary>Some queries of an attention and the memory of their outputs.</summary>
/// <param name="Outputs">[B, rows, H * D]; batches and rows may lie at any distance.</param>
/// <param name="First">First query, a multiple of <see cref="HeadQuantiser.QueryTile"/>.</param>
/// <param name="Count">
/// Number of queries; they end with a whole tile or with the last query. After the last query comes query 0.
/// </param>
/// <param name="FirstOutput">The query of the first row of <paramref name="Outputs"/>.</param>
public readonly record struct AttentionRows(Tensor Outputs, long First, long Count, long FirstOutput = 0)
{
    /// <summary>Returns the number of tiles of the queries.</summary>
    /// <param name="all">Number of all queries.</param>
    internal uint Tiles(long all)
    {
        long end = First + Count, inside = Math.Min(end, all) - First, around = end - First - inside;
        return checked((uint)(HeadQuantiser.Parts(inside, HeadQuantiser.QueryTile) + HeadQuantiser.Parts(around, HeadQuantiser.QueryTile)));
    }
}
