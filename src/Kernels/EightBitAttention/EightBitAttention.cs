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

    private const int Head = 128, QueriesOfBlock = 128, RowsOfBlock = 64, Slice = 128, Threads = 256;
    private const int ConsumerAndCopyThreads = 384, SharedBytes = QueriesOfBlock * Head + 2 * 2 * PlainEightBitAttention.Tile * Head;
    private const string OfQueries = "#define KEYED 0\n", OfKeys = "#define KEYED 1\n";

    private static readonly CudaKernel KeySums = new("QuantiseHeads.cu", "key_sums"), KeyMeans = new("QuantiseHeads.cu", "key_means");
    private static readonly CudaKernel Rotated = new("QuantiseHeads.cu", "quantise_rotated"), Values = new("QuantiseHeads.cu", "quantise_values");
    private static readonly CudaKernel Attend = new("EightBitAttention.cu", "eight_bit_attention", SharedBytes, hopper: true);

    private static AttentionPrecision? precision;

    /// <summary>The user's choice, for the whole process.</summary>
    public static AttentionPrecision Precision
    {
        get => precision ??= Parse(Environment.GetEnvironmentVariable(Variable));
        set => precision = value;
    }

    /// <summary>Whether self attention should call <see cref="Apply"/>.</summary>
    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D]</param>
    /// <param name="linears">How the layers around the attention hold their weights.</param>
    public static bool Pays(Tensor q, Tensor k, LinearPrecision linears) => Precision == AttentionPrecision.EightBit
        ? long.IsPow2(q.shape[3]) && k.shape[2] > 0 && !(is_grad_enabled() && q.requires_grad)
        : IsChosen(linears, k.shape[2]) && RunsOn(q);

    /// <summary>Whether the user's choice and the number of keys ask for 8 bits where the device has the kernel.</summary>
    public static bool IsChosen(LinearPrecision linears, long keys) => Precision switch
    {
        AttentionPrecision.Automatic => linears != LinearPrecision.Plain && keys >= FewestKeys,
        AttentionPrecision.EightBit => true,
        _ => false,
    };

    /// <summary>Whether the kernel runs on that query; else <see cref="Apply"/> takes the plain path.</summary>
    public static bool RunsOn(Tensor q) => q.shape[3] == Head && CudaKernel.Takes(q) && GpuPaths.For(q.device).EightBitAttention;

    /// <param name="q">[B, H, Lq, D]</param>
    /// <param name="k">[B, H, Lk, D], at least one key.</param>
    /// <param name="v">[B, H, Lk, D]</param>
    /// <returns>[B, Lq, H * D], of the type of q.</returns>
    public static Tensor Apply(Tensor q, Tensor k, Tensor v)
    {
        if (!RunsOn(q)) return PlainEightBitAttention.Apply(q, k, v);
        using var scope = NewDisposeScope();
        uint heads = checked((uint)q.shape[1]), queries = checked((uint)q.shape[2]), keys = checked((uint)k.shape[2]);
        var y = empty([q.shape[0], q.shape[2], q.shape[1] * q.shape[3]], q.dtype, q.device);
        var (queryBytes, queryScales) = Rotate(q, null, QueriesOfBlock, Math.Log2(Math.E) / Math.Sqrt(Head) / Head);
        var (keyBytes, keyScales) = Rotate(k, Means(k), PlainEightBitAttention.Tile, 1);
        var (valueBytes, valueScales) = Quantise(v);
        nint q8 = TensorMemory.Address(queryBytes), k8 = TensorMemory.Address(keyBytes), v8 = TensorMemory.Address(valueBytes), to = TensorMemory.Address(y);
        nint qs = TensorMemory.Address(queryScales), ks = TensorMemory.Address(keyScales), vs = TensorMemory.Address(valueScales);
        void** arguments = stackalloc void*[] { &q8, &qs, &k8, &ks, &v8, &vs, &to, &heads, &queries, &keys };
        Attend.Launch(q, "", q.shape[0] * heads * Parts(queries, QueriesOfBlock), ConsumerAndCopyThreads, arguments);
        return y.MoveToOuterDisposeScope();
    }

    /// <exception cref="KernelException">The variable has another value than the three.</exception>
    internal static AttentionPrecision Parse(string? setting) => setting switch
    {
        null or "" or "auto" => AttentionPrecision.Automatic,
        "exact" => AttentionPrecision.Exact,
        "8bit" => AttentionPrecision.EightBit,
        _ => throw new KernelException($"{Variable}={setting}: expected auto, exact or 8bit"),
    };

    /// <returns>[B * H, D], float32.</returns>
    private static Tensor Means(Tensor k)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.Of(k);
        uint step = (uint)PlainEightBitAttention.Step(k.shape[2]), samples = (uint)Parts(from.Tokens, step), slices = (uint)Parts(samples, Slice), heads = from.Heads;
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

    /// <summary>Queries (no means) or keys as bytes, in tiles.</summary>
    private static (Tensor Bytes, Tensor Scales) Rotate(Tensor x, Tensor? means, int tile, double scale)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.Of(x);
        long rows = Parts(from.Tokens, tile) * tile;
        var bytes = empty([from.All, rows, Head], ScalarType.Byte, x.device);
        var scales = empty([from.All, means is null ? rows : rows / PlainEightBitAttention.Group], ScalarType.Float32, x.device);
        nint address = from.Address, mean = means is null ? 0 : TensorMemory.Address(means), to = TensorMemory.Address(bytes), beside = TensorMemory.Address(scales);
        long batch = from.Batch, head = from.Head, token = from.Token;
        uint heads = from.Heads, tokens = from.Tokens, blocks = (uint)(rows / RowsOfBlock);
        float factor = (float)scale;
        void** arguments = stackalloc void*[] { &address, &batch, &head, &token, &heads, &tokens, &blocks, &mean, &factor, &to, &beside };
        Rotated.Launch(x, means is null ? OfQueries : OfKeys, from.All * blocks, Threads, arguments);
        return (bytes.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    private static (Tensor Bytes, Tensor Scales) Quantise(Tensor v)
    {
        using var scope = NewDisposeScope();
        var from = HeadRows.Of(v);
        uint tiles = (uint)Parts(from.Tokens, PlainEightBitAttention.Tile), heads = from.Heads, tokens = from.Tokens;
        var bytes = empty([from.All, tiles, PlainEightBitAttention.Tile, Head], ScalarType.Byte, v.device);
        var scales = empty([from.All, tiles, Head], ScalarType.Float32, v.device);
        nint address = from.Address, to = TensorMemory.Address(bytes), beside = TensorMemory.Address(scales);
        long batch = from.Batch, head = from.Head, token = from.Token;
        void** arguments = stackalloc void*[] { &address, &batch, &head, &token, &heads, &tokens, &tiles, &to, &beside };
        Values.Launch(v, OfKeys, from.All * tiles, 2 * PlainEightBitAttention.Tile, arguments);
        return (bytes.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    private static long Parts(long amount, long part) => (amount + part - 1) / part;

    /// <summary>[B, H, L, D] as the kernels read it: rows of D values that start on 16 bytes, at any strides. Strides count values.</summary>
    private readonly record struct HeadRows(nint Address, long Batch, long Head, long Token, uint Heads, uint Tokens, long All)
    {
        /// <summary>A view where the strides allow it, else a copy in the current dispose scope.</summary>
        public static HeadRows Of(Tensor x)
        {
            bool fits = x.stride(3) == 1 && x.stride(0) % 8 == 0 && x.stride(1) % 8 == 0 && x.stride(2) % 8 == 0 && Rows.Aligned(TensorMemory.Address(x));
            var rows = fits ? x : x.contiguous();
            return new(TensorMemory.Address(rows), rows.stride(0), rows.stride(1), rows.stride(2), checked((uint)x.shape[1]), checked((uint)x.shape[2]), x.shape[0] * x.shape[1]);
        }
    }
}
