using static TorchSharp.torch;

namespace Locutor.Torch;

/// <summary>Operations of libtorch that TorchSharp does not bind, each one TorchScript call away. An unknown name aborts the process: a test compiles them.</summary>
public static class TorchScripts
{
    // 15 is bfloat16, 6 float32; sums are kept in float32 or, faster and less exact, in fewer bits: the True asks for the latter.
    private const string Text = """
        def scaled(a: Tensor, b: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
            return torch._scaled_mm(a, b, rows, columns, None, None, 15, True)

        def scaled_biased(a: Tensor, b: Tensor, rows: Tensor, columns: Tensor, bias: Tensor) -> Tensor:
            return torch._scaled_mm(a, b, rows, columns, bias, None, 15, True)

        def product(a: Tensor, b: Tensor) -> Tensor:
            return torch._int_mm(a, b)

        def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return torch._scaled_dot_product_cudnn_attention(q, k, v, None, False, 0.0, False, False)[0]

        def attention_and_sums(q: Tensor, k: Tensor, v: Tensor) -> List[Tensor]:
            answer = torch._scaled_dot_product_cudnn_attention(q, k, v, None, True, 0.0, False, False)
            return [answer[0], answer[1]]

        def processor_attention_and_sums(q: Tensor, k: Tensor, v: Tensor) -> List[Tensor]:
            answer = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v)
            return [answer[0], answer[1]]

        def product_gelu(a: Tensor, b: Tensor, bias: Tensor) -> Tensor:
            return torch._addmm_activation(bias, a, b, use_gelu=True)

        def product_into(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
            return torch.bmm(a, b, out=out)

        def columns_into(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
            return torch.mm(a, b, out=out)

        def biased_columns_into(a: Tensor, b: Tensor, bias: Tensor, out: Tensor) -> Tensor:
            return torch.addmm(bias, a, b, out=out)

        def float32_products(a: Tensor, b: Tensor) -> Tensor:
            return torch.bmm(a, b, out_dtype=6)

        def biased_products(a: Tensor, b: Tensor, bias: Tensor) -> Tensor:
            out = torch.empty([a.size(0), a.size(1), b.size(2)], dtype=a.dtype, device=a.device)
            for i in range(a.size(0)):
                torch.addmm(bias, a[i], b[i], out=out[i])
            return out

        """;

    private static readonly Lazy<jit.CompilationUnit> Compiled = new(() => jit.compile(Text.ReplaceLineEndings("\n")));

    /// <summary>Rows times columns of float8 bytes, scaled, to bfloat16.</summary>
    /// <param name="a">[m, k], rows without gaps.</param>
    /// <param name="b">[k, n], columns without gaps.</param>
    /// <param name="rows">[m, 1], float32.</param>
    /// <param name="columns">[1, n], float32.</param>
    public static Tensor ScaledProduct(Tensor a, Tensor b, Tensor rows, Tensor columns, Tensor? bias) => bias is null
        ? Compiled.Value.invoke<Tensor>("scaled", a, b, rows, columns)
        : Compiled.Value.invoke<Tensor>("scaled_biased", a, b, rows, columns, bias);

    /// <summary>[m, k] times [k, n] of int8, summed in int32.</summary>
    public static Tensor Int8Product(Tensor a, Tensor b) => Compiled.Value.invoke<Tensor>("product", a, b);

    /// <summary>softmax(q k^T / sqrt(D)) v by cuDNN: [B, H, L, D] of a half-precision type on a GPU.</summary>
    public static Tensor CudnnAttention(Tensor q, Tensor k, Tensor v) => Compiled.Value.invoke<Tensor>("attention", q, k, v);

    /// <summary>The same, and the natural logarithm of what the exponentials sum up to: [B, H, L, 1], float32.</summary>
    public static (Tensor Output, Tensor Sums) CudnnAttentionAndSums(Tensor q, Tensor k, Tensor v)
    {
        var both = Compiled.Value.invoke<Tensor[]>("attention_and_sums", q, k, v);
        return (both[0], both[1]);
    }

    /// <summary>softmax(q k^T / sqrt(D)) v on a CPU, and the natural logarithm of what the exponentials sum up to: [B, H, L], float32.</summary>
    /// <param name="q">[B, H, L, D]</param>
    /// <param name="k">[B, H, keys, D]</param>
    /// <param name="v">[B, H, keys, D]</param>
    public static (Tensor Output, Tensor Sums) ProcessorAttentionAndSums(Tensor q, Tensor k, Tensor v)
    {
        var both = Compiled.Value.invoke<Tensor[]>("processor_attention_and_sums", q, k, v);
        return (both[0], both[1]);
    }

    /// <summary>gelu(a b + bias), the tanh approximation; on a GPU the product's own kernel ends with it.</summary>
    /// <param name="a">[m, k]</param>
    /// <param name="b">[k, n]</param>
    /// <param name="bias">[n]</param>
    public static Tensor ProductGelu(Tensor a, Tensor b, Tensor bias) => Compiled.Value.invoke<Tensor>("product_gelu", a, b, bias);

    /// <summary>[h, m, k] times [h, k, n] into <paramref name="result"/>, [h, m, n], whose rows may lie apart.</summary>
    public static void ProductInto(Tensor a, Tensor b, Tensor result) => Compiled.Value.invoke<Tensor>("product_into", a, b, result).Dispose();

    /// <summary>[m, k] times [k, n], plus a bias [n] where there is one, into <paramref name="result"/>, [m, n], whose rows may lie apart.</summary>
    public static void ProductInto(Tensor a, Tensor b, Tensor? bias, Tensor result) =>
        (bias is null ? Compiled.Value.invoke<Tensor>("columns_into", a, b, result) : Compiled.Value.invoke<Tensor>("biased_columns_into", a, b, bias, result)).Dispose();

    /// <summary>[h, m, k] times [h, k, n] of a 16-bit type on a GPU as float32.</summary>
    public static Tensor Float32Products(Tensor a, Tensor b) => Compiled.Value.invoke<Tensor>("float32_products", a, b);

    /// <summary>[h, m, k] times [h, k, n] and a bias [n], one product after the other so that each adds it on its way.</summary>
    public static Tensor BiasedProducts(Tensor a, Tensor b, Tensor bias) => Compiled.Value.invoke<Tensor>("biased_products", a, b, bias);

    /// <summary>Compiles all of them.</summary>
    public static void Check() => _ = Compiled.Value;
}
