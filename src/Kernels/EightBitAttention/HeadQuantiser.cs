using Locutor.Kernels.Compilation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels;

/// <summary>
/// Quantised heads in the memory order of the kernel of <see cref="EightBitAttention"/>: heads, then tiles of tokens, so that parts of the
/// tokens that begin at a multiple of <see cref="PlainEightBitAttention.Tile"/> can be joined.
/// </summary>
/// <param name="Bytes">Values, int8, [B * H, rows or tiles, ..].</param>
/// <param name="Scales">Scales, float32, [B * H, groups of rows, ..].</param>
/// <param name="Batch">B.</param>
/// <param name="Heads">H.</param>
/// <param name="Tokens">L, without the padding of the last tile.</param>
public readonly record struct QuantisedHeads(Tensor Bytes, Tensor Scales, long Batch, long Heads, long Tokens) : ITensorGroup
{
    public IEnumerable<Tensor> Tensors => [Bytes, Scales];
}

/// <summary>Quantises heads of 128 channels with kernels; <see cref="PlainEightBitAttention"/> defines the arithmetic.</summary>
internal static unsafe class HeadQuantiser
{
    /// <summary>Channels of a head.</summary>
    public const int Head = 128;

    /// <summary>Queries that one block of the attention kernel reads.</summary>
    public const int QueryTile = 128;

    private const int Slice = 128, Threads = 256, GroupsOfBlock = 8;
    private const string QueryConstants = "#define KEYED 0\n", KeyConstants = "#define KEYED 1\n";

    private static readonly CudaKernel KeySums = new("QuantiseHeads.cu", "key_sums"), KeyMeans = new("QuantiseHeads.cu", "key_means");
    private static readonly CudaKernel Rotated = new("QuantiseHeads.cu", "quantise_rotated");
    private static readonly CudaKernel Normed = new("QuantiseHeads.cu", "quantise_normed");
    private static readonly CudaKernel ValueBytes = new("QuantiseHeads.cu", "quantise_values");

    /// <summary>
    /// Scale of the queries: the attention kernel uses powers of 2, and the Hadamard matrix multiplies products by its width.
    /// </summary>
    private static float QueryFactor => (float)(Math.Log2(Math.E) / Math.Sqrt(Head) / Head);

    /// <summary>Quantises queries.</summary>
    /// <param name="q">[B, H, L, D]</param>
    public static QuantisedHeads Queries(Tensor q) => Rotate(q, null);

    /// <summary>Quantises keys after subtracting their mean.</summary>
    /// <param name="k">[B, H, L, D]</param>
    public static QuantisedHeads Keys(Tensor k)
    {
        using var scope = NewDisposeScope();
        return Rotate(k, Means(k, PlainEightBitAttention.Step(k.shape[2]))).ToOuterScope();
    }

    /// <summary>Computes norm, rotation and quantisation of queries in one kernel.</summary>
    public static QuantisedHeads Queries(ProjectedHeads q) => Norm(q, null);

    /// <summary>Computes norm, rotation and quantisation of keys in one kernel, after subtracting a vector from all keys.</summary>
    /// <param name="k">Projected keys.</param>
    /// <param name="mean">[B * H, D], float32.</param>
    public static QuantisedHeads Keys(ProjectedHeads k, Tensor mean) => Norm(k, mean);

    /// <summary>Computes the mean of a sample of the keys: [B * H, D], float32.</summary>
    public static Tensor Mean(ProjectedHeads sample) => Means(sample.Rotated(), 1);

    /// <summary>Quantises values.</summary>
    /// <param name="v">[B, H, L, D]</param>
    public static QuantisedHeads Values(Tensor v)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.From(v);
        uint tiles = (uint)Parts(from.Tokens, PlainEightBitAttention.Tile), heads = from.Heads, tokens = from.Tokens;
        var bytes = empty([from.All, tiles, PlainEightBitAttention.Tile, Head], ScalarType.Byte, v.device);
        var scales = empty([from.All, tiles, Head], ScalarType.Float32, v.device);
        nint address = from.Address, to = TensorMemory.Address(bytes), scalesTo = TensorMemory.Address(scales);
        long batch = from.Batch, head = from.Head, token = from.Token;
        void** arguments = stackalloc void*[] { &address, &batch, &head, &token, &heads, &tokens, &tiles, &to, &scalesTo };
        ValueBytes.Launch(v, KeyConstants, from.All * tiles, 2 * PlainEightBitAttention.Tile, arguments);
        return new QuantisedHeads(bytes, scales, v.shape[0], v.shape[1], v.shape[2]).ToOuterScope();
    }

    /// <summary>Returns the number of parts, rounded up.</summary>
    public static long Parts(long amount, long part) => (amount + part - 1) / part;

    /// <summary>Computes the mean of every step-th token.</summary>
    /// <param name="k">[B, H, L, D]</param>
    /// <param name="every">The step.</param>
    /// <returns>[B * H, D], float32.</returns>
    private static Tensor Means(Tensor k, long every)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.From(k);
        uint step = (uint)every, samples = (uint)Parts(from.Tokens, step), slices = (uint)Parts(samples, Slice), heads = from.Heads;
        var sums = empty([from.All, slices, Head], ScalarType.Float32, k.device);
        var means = empty([from.All, Head], ScalarType.Float32, k.device);
        nint x = from.Address, partial = TensorMemory.Address(sums), to = TensorMemory.Address(means);
        long batch = from.Batch, head = from.Head, token = from.Token;
        void** arguments = stackalloc void*[] { &x, &batch, &head, &token, &heads, &samples, &step, &slices, &partial };
        KeySums.Launch(k, KeyConstants, from.All * slices, Threads, arguments);
        void** rest = stackalloc void*[] { &partial, &slices, &samples, &to };
        KeyMeans.Launch(k, KeyConstants, from.All, Head, rest);
        return means.MoveToOuterDisposeScope();
    }

    /// <summary>Quantises queries (without means) or keys.</summary>
    private static QuantisedHeads Rotate(Tensor x, Tensor? means)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.From(x);
        var made = Empty(x, x.shape[0], x.shape[1], x.shape[2], means is not null);
        nint address = from.Address, mean = means is null ? 0 : TensorMemory.Address(means);
        nint to = TensorMemory.Address(made.Bytes), scales = TensorMemory.Address(made.Scales);
        long batch = from.Batch, head = from.Head, token = from.Token;
        uint heads = from.Heads, tokens = from.Tokens, blocks = (uint)(made.Bytes.shape[1] / PlainEightBitAttention.Group / GroupsOfBlock);
        float factor = means is null ? QueryFactor : 1;
        void** arguments = stackalloc void*[] { &address, &batch, &head, &token, &heads, &tokens, &blocks, &mean, &factor, &to, &scales };
        Rotated.Launch(x, means is null ? QueryConstants : KeyConstants, from.All * blocks, Threads, arguments);
        return made.ToOuterScope();
    }

    /// <summary>Normalises, rotates and quantises queries (without means) or keys.</summary>
    private static QuantisedHeads Norm(ProjectedHeads given, Tensor? means)
    {
        using var scope = NewDisposeScope();
        var rows = Rows.From(given.X);
        if (!rows.Wide) rows = Rows.From(empty(given.X.shape, given.X.dtype, given.X.device).copy_(given.X));
        var (weight, turns) = (AlignedCopy(given.Weight), AlignedCopy(given.Rotary));
        var made = Empty(given.X, given.X.shape[0], given.Heads, given.X.shape[1], means is not null);
        nint from = TensorMemory.Address(rows.Tensor), times = TensorMemory.Address(weight), turn = TensorMemory.Address(turns);
        nint mean = means is null ? 0 : TensorMemory.Address(means);
        nint to = TensorMemory.Address(made.Bytes), scales = TensorMemory.Address(made.Scales);
        long stride = rows.Stride;
        uint heads = (uint)given.Heads, tokens = checked((uint)made.Tokens),
            groups = (uint)(made.Bytes.shape[1] / PlainEightBitAttention.Group);
        float epsilon = (float)given.Eps, factor = means is null ? QueryFactor : 1;
        void** arguments = stackalloc void*[]
        {
            &from, &stride, &times, &turn, &epsilon, &heads, &tokens, &groups, &mean, &factor, &to, &scales
        };
        Normed.Launch(given.X, means is null ? QueryConstants : KeyConstants, made.Batch * groups, Threads, arguments);
        return made.ToOuterScope();
    }

    private static QuantisedHeads Empty(Tensor like, long batch, long heads, long tokens, bool keyed)
    {
        int tile = keyed ? PlainEightBitAttention.Tile : QueryTile;
        long rows = Parts(tokens, tile) * tile;
        var bytes = empty([batch * heads, rows, Head], ScalarType.Byte, like.device);
        var scales = empty([batch * heads, keyed ? rows / PlainEightBitAttention.Group : rows], ScalarType.Float32, like.device);
        return new(bytes, scales, batch, heads, tokens);
    }

    /// <summary>Returns the tensor, or a copy if it is not contiguous and 16-byte aligned.</summary>
    private static Tensor AlignedCopy(Tensor x) =>
        x.is_contiguous() && Rows.Aligned(TensorMemory.Address(x)) ? x : empty(x.shape, x.dtype, x.device).copy_(x);

    /// <summary>
    /// Heads [B, H, L, D] as the kernels read them: 16-byte aligned rows of D values with any strides, counted in values.
    /// </summary>
    private readonly record struct HeadRows(nint Address, long Batch, long Head, long Token, uint Heads, uint Tokens, long All)
    {
        /// <summary>Views the heads as rows, or copies them in the current dispose scope if their strides do not allow that.</summary>
        public static HeadRows From(Tensor x)
        {
            bool fits = x.stride(3) == 1 && x.stride(0) % 8 == 0 && x.stride(1) % 8 == 0
                && x.stride(2) % 8 == 0 && Rows.Aligned(TensorMemory.Address(x));
            var rows = fits ? x : empty(x.shape, x.dtype, x.device).copy_(x);
            var (heads, tokens) = (checked((uint)x.shape[1]), checked((uint)x.shape[2]));
            return new(TensorMemory.Address(rows), rows.stride(0), rows.stride(1), rows.stride(2), heads, tokens, x.shape[0] * x.shape[1]);
        }
    }
}
