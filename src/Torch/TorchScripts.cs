using static TorchSharp.torch;

namespace Locutor.Torch;

/// <summary>
/// Operations of libtorch that TorchSharp does not bind, called through TorchScript. An unknown name would abort the process, so a test
/// compiles all operations.
/// </summary>
public static class TorchScripts
{
    // 15 is bfloat16, 6 is float32. True allows sums in fewer bits than float32, which is faster and less exact.
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

        def onednn_convolution(x: Tensor, weight: Tensor, bias: Tensor, time: int, height: int, width: int) -> Tensor:
            return torch.mkldnn_convolution(x, weight, bias, [time, height, width], [1, 1, 1], [1, 1, 1], 1)

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

    /// <summary>Multiplies float8 matrices with a scale for each row and column; the result is bfloat16.</summary>
    /// <param name="a">[m, k], rows contiguous.</param>
    /// <param name="b">[k, n], columns contiguous.</param>
    /// <param name="rows">[m, 1], float32.</param>
    /// <param name="columns">[1, n], float32.</param>
    /// <param name="bias">[n], or null for none.</param>
    public static Tensor ScaledProduct(Tensor a, Tensor b, Tensor rows, Tensor columns, Tensor? bias) => bias is null
        ? Compiled.Value.invoke<Tensor>("scaled", a, b, rows, columns)
        : Compiled.Value.invoke<Tensor>("scaled_biased", a, b, rows, columns, bias);

    /// <summary>Multiplies int8 matrices [m, k] and [k, n]; the result is int32.</summary>
    public static Tensor Int8Product(Tensor a, Tensor b) => Compiled.Value.invoke<Tensor>("product", a, b);

    /// <summary>Computes softmax(q k^T / sqrt(D)) v with cuDNN. Tensors are [B, H, L, D], in 16 bits on a GPU.</summary>
    public static Tensor CudnnAttention(Tensor q, Tensor k, Tensor v) => Compiled.Value.invoke<Tensor>("attention", q, k, v);

    /// <summary>Computes attention with cuDNN and the natural logarithm of the sums of exponentials, [B, H, L, 1] in float32.</summary>
    public static (Tensor Output, Tensor Sums) CudnnAttentionAndSums(Tensor q, Tensor k, Tensor v)
    {
        var both = Compiled.Value.invoke<Tensor[]>("attention_and_sums", q, k, v);
        return (both[0], both[1]);
    }

    /// <summary>
    /// Computes softmax(q k^T / sqrt(D)) v on a CPU, and the natural logarithm of the sums of exponentials, [B, H, L] in float32.
    /// </summary>
    /// <param name="q">[B, H, L, D]</param>
    /// <param name="k">[B, H, keys, D]</param>
    /// <param name="v">[B, H, keys, D]</param>
    public static (Tensor Output, Tensor Sums) ProcessorAttentionAndSums(Tensor q, Tensor k, Tensor v)
    {
        var both = Compiled.Value.invoke<Tensor[]>("processor_attention_and_sums", q, k, v);
        return (both[0], both[1]);
    }

    /// <summary>Computes a convolution over three axes with stride 1 by oneDNN, whatever its size; without gradients.</summary>
    /// <param name="x">[B, inputs, T, H, W], float32 on a CPU.</param>
    /// <param name="weight">[outputs, inputs, time, height, width]</param>
    /// <param name="bias">[outputs]</param>
    /// <param name="padding">Zeros on both sides of each axis.</param>
    public static Tensor OneDnnConvolution(Tensor x, Tensor weight, Tensor bias, long[] padding) =>
        Compiled.Value.invoke<Tensor>("onednn_convolution", x, weight, bias, (int)padding[0], (int)padding[1], (int)padding[2]);

    /// <summary>Computes gelu(a b + bias) in the tanh approximation; on a GPU the kernel of the product applies it.</summary>
    /// <param name="a">[m, k]</param>
    /// <param name="b">[k, n]</param>
    /// <param name="bias">[n]</param>
    public static Tensor ProductGelu(Tensor a, Tensor b, Tensor bias) => Compiled.Value.invoke<Tensor>("product_gelu", a, b, bias);

    /// <summary>Multiplies [h, m, k] and [h, k, n] into <paramref name="result"/>, [h, m, n], whose rows need not be contiguous.</summary>
    public static void ProductInto(Tensor a, Tensor b, Tensor result) =>
        Compiled.Value.invoke<Tensor>("product_into", a, b, result).Dispose();

    /// <summary>
    /// Multiplies [m, k] and [k, n] and adds a bias [n], if any, into <paramref name="result"/>, [m, n], whose rows need not be contiguous.
    /// </summary>
    public static void ProductInto(Tensor a, Tensor b, Tensor? bias, Tensor result) =>
        (bias is null
            ? Compiled.Value.invoke<Tensor>("columns_into", a, b, result)
            : Compiled.Value.invoke<Tensor>("biased_columns_into", a, b, bias, result)).Dispose();

    /// <summary>Multiplies [h, m, k] and [h, k, n] of a 16-bit type on a GPU; the result is float32.</summary>
    public static Tensor Float32Products(Tensor a, Tensor b) => Compiled.Value.invoke<Tensor>("float32_products", a, b);

    /// <summary>
    /// Multiplies [h, m, k] and [h, k, n] and adds a bias [n]. The products run one after the other, so that the kernel of each adds the
    /// bias.
    /// </summary>
    public static Tensor BiasedProducts(Tensor a, Tensor b, Tensor bias) => Compiled.Value.invoke<Tensor>("biased_products", a, b, bias);

    /// <summary>Compiles all operations.</summary>
    public static void Check() => _ = Compiled.Value;
}
