using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>Heads as int8 with scales, in the order that the kernel of <see cref="EightBitAttention"/> reads.</summary>
/// <param name="Batch">B.</param>
/// <param name="Heads">H.</param>
/// <param name="Tokens">L, without those that fill the last tile.</param>
internal readonly record struct QuantisedHeads(Tensor Bytes, Tensor Scales, long Batch, long Heads, long Tokens)
{
    public QuantisedHeads MoveToOuterDisposeScope()
    {
        Bytes.MoveToOuterDisposeScope();
        Scales.MoveToOuterDisposeScope();
        return this;
    }
}

/// <summary>The kernels that quantise heads of 128 channels; <see cref="PlainEightBitAttention"/> defines the arithmetic.</summary>
internal static unsafe class HeadQuantiser
{
    /// <summary>Channels.</summary>
    public const int Head = 128;

    /// <summary>Queries that one block of the attention kernel reads.</summary>
    public const int QueryTile = 128;

    private const int Slice = 128, Threads = 256, GroupsOfBlock = 8;
    private const string OfQueries = "#define KEYED 0\n", OfKeys = "#define KEYED 1\n";

    private static readonly CudaKernel KeySums = new("QuantiseHeads.cu", "key_sums"), KeyMeans = new("QuantiseHeads.cu", "key_means");
    private static readonly CudaKernel Rotated = new("QuantiseHeads.cu", "quantise_rotated"), Normed = new("QuantiseHeads.cu", "quantise_normed");
    private static readonly CudaKernel ValueBytes = new("QuantiseHeads.cu", "quantise_values");

    /// <summary>The kernel of the scores returns binary logarithms; a Hadamard matrix multiplies products by its width.</summary>
    private static float QueryFactor => (float)(Math.Log2(Math.E) / Math.Sqrt(Head) / Head);

    /// <param name="q">[B, H, L, D]</param>
    public static QuantisedHeads Queries(Tensor q) => Rotate(q, null);

    /// <param name="k">[B, H, L, D]</param>
    public static QuantisedHeads Keys(Tensor k)
    {
        using var scope = NewDisposeScope();
        return Rotate(k, Means(k, PlainEightBitAttention.Step(k.shape[2]))).MoveToOuterDisposeScope();
    }

    /// <summary>Norm, turn and quantisation in one kernel.</summary>
    public static QuantisedHeads Queries(ProjectedHeads q) => Norm(q, null);

    /// <summary>Norm, turn and quantisation in one kernel. The mean comes first, from a sample that is normed and turned by itself.</summary>
    public static QuantisedHeads Keys(ProjectedHeads k)
    {
        using var scope = NewDisposeScope();
        return Norm(k, Means(k.Sampled(PlainEightBitAttention.Step(k.X.shape[1])).Turned(), 1)).MoveToOuterDisposeScope();
    }

    /// <param name="v">[B, H, L, D]</param>
    public static QuantisedHeads Values(Tensor v)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.Of(v);
        uint tiles = (uint)Parts(from.Tokens, PlainEightBitAttention.Tile), heads = from.Heads, tokens = from.Tokens;
        var bytes = empty([from.All, tiles, PlainEightBitAttention.Tile, Head], ScalarType.Byte, v.device);
        var scales = empty([from.All, tiles, Head], ScalarType.Float32, v.device);
        nint address = from.Address, to = TensorMemory.Address(bytes), scalesTo = TensorMemory.Address(scales);
        long batch = from.Batch, head = from.Head, token = from.Token;
        void** arguments = stackalloc void*[] { &address, &batch, &head, &token, &heads, &tokens, &tiles, &to, &scalesTo };
        ValueBytes.Launch(v, OfKeys, from.All * tiles, 2 * PlainEightBitAttention.Tile, arguments);
        return new QuantisedHeads(bytes, scales, v.shape[0], v.shape[1], v.shape[2]).MoveToOuterDisposeScope();
    }

    public static long Parts(long amount, long part) => (amount + part - 1) / part;

    /// <param name="k">[B, H, L, D]</param>
    /// <returns>The mean of every step-th token: [B * H, D], float32.</returns>
    private static Tensor Means(Tensor k, long every)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.Of(k);
        uint step = (uint)every, samples = (uint)Parts(from.Tokens, step), slices = (uint)Parts(samples, Slice), heads = from.Heads;
        var sums = empty([from.All, slices, Head], ScalarType.Float32, k.device);
        var means = empty([from.All, Head], ScalarType.Float32, k.device);
        nint x = from.Address, partial = TensorMemory.Address(sums), to = TensorMemory.Address(means);
        long batch = from.Batch, head = from.Head, token = from.Token;
        void** arguments = stackalloc void*[] { &x, &batch, &head, &token, &heads, &samples, &step, &slices, &partial };
        KeySums.Launch(k, OfKeys, from.All * slices, Threads, arguments);
        void** rest = stackalloc void*[] { &partial, &slices, &samples, &to };
        KeyMeans.Launch(k, OfKeys, from.All, Head, rest);
        return means.MoveToOuterDisposeScope();
    }

    /// <summary>Queries, which have no means, or keys.</summary>
    private static QuantisedHeads Rotate(Tensor x, Tensor? means)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.Of(x);
        var made = Empty(x, x.shape[0], x.shape[1], x.shape[2], means is not null);
        nint address = from.Address, mean = means is null ? 0 : TensorMemory.Address(means), to = TensorMemory.Address(made.Bytes), scales = TensorMemory.Address(made.Scales);
        long batch = from.Batch, head = from.Head, token = from.Token;
        uint heads = from.Heads, tokens = from.Tokens, blocks = (uint)(made.Bytes.shape[1] / PlainEightBitAttention.Group / GroupsOfBlock);
        float factor = means is null ? QueryFactor : 1;
        void** arguments = stackalloc void*[] { &address, &batch, &head, &token, &heads, &tokens, &blocks, &mean, &factor, &to, &scales };
        Rotated.Launch(x, means is null ? OfQueries : OfKeys, from.All * blocks, Threads, arguments);
        return made.MoveToOuterDisposeScope();
    }

    /// <summary>Queries, which have no means, or keys.</summary>
    private static QuantisedHeads Norm(ProjectedHeads given, Tensor? means)
    {
        using var scope = NewDisposeScope();
        var rows = Rows.From(given.X);
        if (!rows.Wide) rows = Rows.From(empty(given.X.shape, given.X.dtype, given.X.device).copy_(given.X));
        var (weight, turns) = (Whole(given.Weight), Whole(given.Turns));
        var made = Empty(given.X, given.X.shape[0], given.Heads, given.X.shape[1], means is not null);
        nint from = TensorMemory.Address(rows.Tensor), times = TensorMemory.Address(weight), turn = TensorMemory.Address(turns), mean = means is null ? 0 : TensorMemory.Address(means);
        nint to = TensorMemory.Address(made.Bytes), scales = TensorMemory.Address(made.Scales);
        long stride = rows.Stride;
        uint heads = (uint)given.Heads, tokens = checked((uint)made.Tokens), groups = (uint)(made.Bytes.shape[1] / PlainEightBitAttention.Group);
        float epsilon = (float)given.Epsilon, factor = means is null ? QueryFactor : 1;
        void** arguments = stackalloc void*[] { &from, &stride, &times, &turn, &epsilon, &heads, &tokens, &groups, &mean, &factor, &to, &scales };
        Normed.Launch(given.X, means is null ? OfQueries : OfKeys, made.Batch * groups, Threads, arguments);
        return made.MoveToOuterDisposeScope();
    }

    private static QuantisedHeads Empty(Tensor like, long batch, long heads, long tokens, bool keyed)
    {
        int tile = keyed ? PlainEightBitAttention.Tile : QueryTile;
        long rows = Parts(tokens, tile) * tile;
        var bytes = empty([batch * heads, rows, Head], ScalarType.Byte, like.device);
        var scales = empty([batch * heads, keyed ? rows / PlainEightBitAttention.Group : rows], ScalarType.Float32, like.device);
        return new(bytes, scales, batch, heads, tokens);
    }

    /// <summary>Without gaps, and its start on 16 bytes.</summary>
    private static Tensor Whole(Tensor x) => x.is_contiguous() && Rows.Aligned(TensorMemory.Address(x)) ? x : empty(x.shape, x.dtype, x.device).copy_(x);

    /// <summary>[B, H, L, D] as the kernels read it: rows of D values that start on 16 bytes, at any strides. Strides count values.</summary>
    private readonly record struct HeadRows(nint Address, long Batch, long Head, long Token, uint Heads, uint Tokens, long All)
    {
        /// <summary>A view where the strides allow it, else a copy in the current dispose scope.</summary>
        public static HeadRows Of(Tensor x)
        {
            bool fits = x.stride(3) == 1 && x.stride(0) % 8 == 0 && x.stride(1) % 8 == 0 && x.stride(2) % 8 == 0 && Rows.Aligned(TensorMemory.Address(x));
            var rows = fits ? x : empty(x.shape, x.dtype, x.device).copy_(x);
            return new(TensorMemory.Address(rows), rows.stride(0), rows.stride(1), rows.stride(2), checked((uint)x.shape[1]), checked((uint)x.shape[2]), x.shape[0] * x.shape[1]);
        }
    }
}
