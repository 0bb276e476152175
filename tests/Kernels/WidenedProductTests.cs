using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>Products of weights that stay bytes in memory.</summary>
public sealed class WidenedProductTests : IDisposable
{
    private readonly Inputs inputs = new();
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Row_blocks_of_any_size_give_the_product_of_the_restored_matrix(string device)
    {
        foreach (var precision in new[] { LinearPrecision.Float8, LinearPrecision.Int8 })
        {
            foreach (var (tokens, width, outputs, rows) in
                    new[] { (1L, 16L, 16L, 16L), (33, 48, 37, 5), (7, 75, 101, 1), (130, 256, 96, 95), (3, 8, 4, 3) })
            {
                foreach (bool biased in new[] { true, false })
                {
                    using var inner = NewDisposeScope();
                    using var still = no_grad();
                    var x = inputs.Rows(device, 3, 2, tokens, width);
                    var weight = RowQuantiser.Quantise(inputs.Singles(device, outputs, width), precision);
                    var bias = biased ? inputs.Rows(device, 0, outputs) : null;
                    var expected = x.to(ScalarType.Float64).matmul(RowQuantiser.Restore(weight).to(ScalarType.Float64).t());
                    if (bias is not null) expected = expected + bias;
                    var product = new WidenedProduct(weight, rows);
                    var found = product.Multiply(new Activations(x, null), bias, x.dtype);
                    found.dtype.ShouldBe(x.dtype);
                    string what = $"seed {inputs.Seed}, {precision}, [{tokens}, {width}] x {outputs} in blocks of {rows}, bias {biased}";
                    found.ShouldBeNearInNorm(expected, 6e-3, what);
                    var wide = product.Multiply(
                        new Activations(x.to(ScalarType.Float32), null), bias?.to(ScalarType.Float32), ScalarType.Float32);
                    wide.ShouldBeNearInNorm(expected, 1e-6, what);
                }
            }
        }
    }

    /// <summary>The released sizes: one block of a square matrix, three aligned blocks of the feed-forward layers.</summary>
    [Theory]
    [InlineData(5120, 5120, 5120)]
    [InlineData(13824, 5120, 4608)]
    [InlineData(5120, 13824, 1792)]
    [InlineData(16, 16, 128)]
    [InlineData(1, 1 << 30, 128)]
    public void Blocks_are_few_equal_and_aligned(long outputs, long inputs, long rows) =>
        WidenedProduct.Rows(outputs, inputs).ShouldBe(rows);

    [Fact]
    public void Gradients_pass_through_row_blocks()
    {
        var x = inputs.Singles("cpu", 5, 16).requires_grad_(true);
        var weight = RowQuantiser.Quantise(inputs.Singles("cpu", 24, 16), LinearPrecision.Float8);
        new WidenedProduct(weight, 7).Multiply(new Activations(x, null), null, ScalarType.Float32).sum().backward();
        x.grad!.ShouldBeNearInNorm(RowQuantiser.Restore(weight).sum(dim: 0).expand(5, 16), 1e-6, $"seed {inputs.Seed}");
    }

    [Fact]
    public void Quantised_activations_are_refused()
    {
        var rows = RowQuantiser.Quantise(inputs.Singles("cpu", 4, 16), LinearPrecision.Int8);
        Should.Throw<ArgumentException>(() => new WidenedProduct(rows).Multiply(
            QuantiseRows.Apply(inputs.Singles("cpu", 3, 16), LinearPrecision.Int8), null, ScalarType.Float32))
            .Message.ShouldContain("expected plain activations, found Int8");
    }
}
