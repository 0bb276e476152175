using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>Quantised products, attention, and a product with its activation.</summary>
public sealed partial class OperationTests
{
    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Quantised_products_are_those_of_the_restored_matrices(string device)
    {
        foreach (var precision in new[] { LinearPrecision.Float8, LinearPrecision.Int8 })
        {
            foreach (var (tokens, width, outputs) in new[] { (1L, 16L, 16L), (33, 48, 32), (130, 256, 1024), (40, 24, 10) })
            {
                foreach (bool biased in new[] { true, false })
                {
                    using var inner = NewDisposeScope();
                    var x = QuantiseRows.Apply(inputs.Rows(device, 0, 2, tokens, width), precision);
                    var weight = RowQuantiser.Quantise(inputs.Singles(device, outputs, width), precision);
                    var bias = biased ? inputs.Rows(device, 0, outputs) : null;
                    var expected = Restored(x).to(ScalarType.Float64).matmul(RowQuantiser.Restore(weight).to(ScalarType.Float64).t());
                    if (bias is not null) expected = expected + bias;
                    var half = Inputs.Half(device);
                    var product = QuantisedProduct.Create(weight, precision);
                    product.Precision.ShouldBe(GpuPaths.ForGpu(new Device(device))?.ActivationPrecision(precision) ?? precision);
                    var found = product.Multiply(
                        product.Precision == precision ? x : new Activations(Restored(x).to(half), null), bias, half);
                    found.dtype.ShouldBe(half);
                    found.ShouldBeNearInNorm(
                        expected, product.Precision == precision ? 4e-3 : 8e-3,
                        $"seed {inputs.Seed}, {precision}, [{tokens}, {width}] x {outputs}, bias {biased}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Two_attentions_over_parts_of_the_keys_are_one_over_all(string device)
    {
        foreach (var (heads, head, queries, keys, most) in
                new[] { (3, 16, 7, 11, 8), (1, 8, 5, 6, 1), (40, 128, 9, 130, 128), (5, 10, 4, 9, 3) })
        {
            foreach (var precision in Enum.GetValues<LinearPrecision>())
            {
                using var inner = NewDisposeScope();
                var q = inputs.Rows(device, 0, 2, queries, heads * head).unflatten(2, [heads, head]).transpose(1, 2);
                var (k, v) = (inputs.Rows(device, 0, 2, heads, keys, head), inputs.Rows(device, 0, 2, heads, keys, head));
                var logits = q.to(ScalarType.Float64).matmul(k.to(ScalarType.Float64).transpose(2, 3)) / Math.Sqrt(head);
                var expected = logits.softmax(-1).matmul(v.to(ScalarType.Float64)).transpose(1, 2).flatten(2);
                var parts = new[] { (0L, (long)most), (most, keys - most) }.Select(part =>
                {
                    var some = logits.narrow(3, part.Item1, part.Item2);
                    var said = some.softmax(-1).matmul(v.narrow(2, part.Item1, part.Item2).to(ScalarType.Float64)).to(q.dtype);
                    return (
                        Said: said.transpose(1, 2).contiguous().transpose(1, 2),
                        Sums: some.logsumexp(-1, keepdim: true).to(ScalarType.Float32));
                }).ToArray();
                Check(
                    JoinedAttention.Join(parts[0].Said, parts[0].Sums, parts[1].Said, parts[1].Sums, precision), expected, precision,
                    rounded: 2);
            }
        }
    }

    [Fact]
    public void Attention_over_keys_that_fill_no_tile_is_its_formula_on_a_gpu()
    {
        foreach (string device in Inputs.Devices.Select(row => row.Data))
        {
            using var inner = NewDisposeScope();
            var q = inputs.Rows(device, 0, 1, 130, 3 * 128).unflatten(2, [3, 128]).transpose(1, 2);
            var (k, v) = (inputs.Rows(device, 0, 1, 3, 8192 + 64, 128), inputs.Rows(device, 0, 1, 3, 8192 + 64, 128));
            JoinedAttention.IsWorthwhile(q, k).ShouldBe(
                GpuPaths.ForGpu(new Device(device)) is { CudnnAttention: true, FusedKernels: true });
            if (!JoinedAttention.IsWorthwhile(q, k)) continue;
            var expected = (q.to(ScalarType.Float64).matmul(k.to(ScalarType.Float64).transpose(2, 3)) / Math.Sqrt(128)).softmax(-1)
                .matmul(v.to(ScalarType.Float64)).transpose(1, 2).flatten(2);
            foreach (var precision in Enum.GetValues<LinearPrecision>())
                Check(JoinedAttention.Apply(q, k, v, precision), expected, precision, rounded: 3);
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Attention_folded_into_its_keys_and_values_is_attention_between_projections(string device)
    {
        foreach (var (sets, queries, keys, heads, head) in
                new[] { (1, 1, 1, 1, 8), (3, 50, 4, 2, 24), (2, 33, 5, 3, 40), (3, 130, 32, 40, 16), (2, 9, 65, 1, 16) })
        {
            using var inner = NewDisposeScope();
            long width = heads * head;
            var x = inputs.Rows(device, 0, sets, queries, width);
            var both = inputs.Rows(device, 0, sets, keys, 2 * width).chunk(2, -1); // side by side, like the output of a projection
            var (k, v) = (both[0].unflatten(2, [heads, head]).transpose(1, 2), both[1].unflatten(2, [heads, head]).transpose(1, 2));
            Affine Layer() => new(inputs.Rows(device, 0, width, width) / Math.Sqrt(width), inputs.Rows(device, 0, width));
            var (query, output) = (Layer(), Layer());
            Tensor Apply(Affine layer, Tensor from) => from.matmul(layer.Weight.to(ScalarType.Float64).t()) + layer.Bias;
            var q = Apply(query, x.to(ScalarType.Float64)).unflatten(2, [heads, head]).transpose(1, 2);
            var said = (q.matmul(k.to(ScalarType.Float64).transpose(2, 3)) / Math.Sqrt(head)).softmax(-1).matmul(v.to(ScalarType.Float64));
            var expected = Apply(output, said.transpose(1, 2).flatten(2));
            string what = $"seed {inputs.Seed}, {sets} x {queries} queries, {keys} keys, {heads} heads of {head}";
            var found = FoldedAttention.Apply(x, k, v, query, output);
            found.dtype.ShouldBe(Inputs.Half(device));
            found.ShouldBeNearInNorm(expected, 1e-2, what);
            Affine Wide(Affine layer) => new(layer.Weight.to(ScalarType.Float32), layer.Bias.to(ScalarType.Float32));
            var exact = FoldedAttention.Apply(
                x.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), Wide(query), Wide(output));
            exact.ShouldBeNearInNorm(expected, 1e-5, what);
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void A_product_fused_with_GELU_equals_the_two_operations(string device)
    {
        foreach (var (tokens, width, outputs) in new[] { (1L, 16L, 16L), (33, 48, 32), (130, 75, 101) })
        {
            using var inner = NewDisposeScope();
            var (x, weight, bias) = (
                inputs.Rows(device, 0, tokens, width), inputs.Rows(device, 0, outputs, width), inputs.Rows(device, 0, outputs));
            var wide = x.to(ScalarType.Float64).matmul(weight.to(ScalarType.Float64).t()) + bias;
            var expected = wide * 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (wide + 0.044715 * wide.pow(3))).tanh());
            TorchScripts.ProductGelu(x, weight.t(), bias).ShouldBeNearInNorm(
                expected, 6e-3, $"seed {inputs.Seed}, [{tokens}, {width}] x {outputs}");
        }
    }

    [Fact]
    public void Folding_pays_where_it_takes_less_than_half_the_products()
    {
        FoldedAttention.IsWorthwhile(queries: 1600, keys: 32, heads: 40, width: 5120).ShouldBeTrue();
        FoldedAttention.IsWorthwhile(queries: 1600, keys: 64, heads: 40, width: 5120).ShouldBeFalse();
        FoldedAttention.IsWorthwhile(queries: 64, keys: 8, heads: 4, width: 256).ShouldBeTrue();
        FoldedAttention.IsWorthwhile(queries: 16, keys: 8, heads: 4, width: 256).ShouldBeFalse();
    }
}
