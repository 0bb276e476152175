using System.Runtime.Intrinsics;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>Every operation against its formula in float64, on odd sizes and strided rows, on every device of the machine.</summary>
public sealed class OperationTests : IDisposable
{
    private readonly Inputs inputs = new();
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public static TheoryData<string, long, long, LinearPrecision> Shapes
    {
        get
        {
            var data = new TheoryData<string, long, long, LinearPrecision>();
            foreach (string device in Inputs.Devices.Select(row => row.Data))
            {
                foreach (var (width, gap) in new[] { (5L, 0L), (8, 0), (75, 3), (256, 8), (2056, 1), (5120, 0), (13824, 24) })
                    foreach (var precision in Enum.GetValues<LinearPrecision>()) data.Add(device, width, gap, precision);
            }

            return data;
        }
    }

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Norm_and_modulation_is_its_formula(string device, long width, long gap, LinearPrecision precision)
    {
        var x = inputs.Rows(device, gap, 2, 3, width);
        var (factor, offset) = (inputs.Singles(device, 2, 1, width), inputs.Singles(device, 2, 1, width));
        var wide = x.to(ScalarType.Float64);
        var centred = wide - wide.mean([-1], keepdim: true);
        var expected = centred / (centred.square().mean([-1], keepdim: true) + 1e-6).sqrt() * factor + offset;
        Check(NormModulate.Apply(x, factor, offset, 1e-6, precision), expected, precision);
        Check(
            NormModulate.Apply(x, factor.narrow(0, 0, 1), offset.narrow(0, 0, 1), 1e-6, precision),
            centred / (centred.square().mean([-1], keepdim: true) + 1e-6).sqrt() * factor[0] + offset[0], precision);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Norm_after_a_residual_is_its_formula_and_the_sum_is_kept(string device, long width, long gap, LinearPrecision precision)
    {
        var (x, y) = (inputs.Rows(device, gap, 2, 3, width), inputs.Rows(device, 0, 2, 3, width));
        var (factor, offset, gate) = (
            inputs.Singles(device, 2, 1, width), inputs.Singles(device, 2, 1, width), inputs.Singles(device, 2, 1, width));
        foreach (var gates in new[] { null, gate, gate.narrow(0, 1, 1) })
        {
            var exact = x.to(ScalarType.Float64) + y.to(ScalarType.Float64) * (gates ?? ones(1, device: x.device));
            var centred = exact - exact.mean([-1], keepdim: true);
            var normed = centred / (centred.square().mean([-1], keepdim: true) + 1e-6).sqrt();
            var (sum, found) = NormModulate.AfterResidual(x, y, gates, factor, offset, 1e-6, precision);
            sum.dtype.ShouldBe(Inputs.Half(device));
            sum.ShouldBeNearInNorm(exact, 3e-3, $"seed {inputs.Seed}");
            Check(found, normed * factor + offset, precision, rounded: 2);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gelu_is_its_formula_and_quantising_alone_keeps_the_values(string device, long width, long gap, LinearPrecision precision)
    {
        var x = inputs.Rows(device, gap, 2, 3, width);
        var wide = x.to(ScalarType.Float64);
        var expected = wide * 0.5 * (1 + (Math.Sqrt(2 / Math.PI) * (wide + 0.044715 * wide.pow(3))).tanh());
        Check(GeluQuantise.Apply(x, precision), expected, precision);
        Check(QuantiseRows.Apply(x, precision), wide, precision);
        var y = inputs.Rows(device, 2 * gap, 2, 3, width);
        Check(QuantiseRows.Sum(x, y, precision), wide + y.to(ScalarType.Float64), precision);
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Rms_norm_and_rotary_is_its_formula(string device)
    {
        foreach (var (head, heads, gap) in new[] { (8, 1, 0), (16, 3, 8), (128, 5, 3), (128, 40, 0), (10, 3, 0) })
        {
            using var inner = NewDisposeScope();
            long width = head * heads, tokens = 7;
            var x = inputs.Rows(device, gap, 2, tokens, width);
            var weight = inputs.Rows(device, 0, width);
            var angles = inputs.Singles(device, tokens, head / 2);
            var turns = polar(ones_like(angles), angles).view(1, 1, tokens, head / 2);
            var wide = x.to(ScalarType.Float64);
            var normed = (wide / (wide.square().mean([-1], keepdim: true) + 1e-6).sqrt() * weight.to(ScalarType.Float64))
                .view(2, tokens, heads, head / 2, 2);
            var (cos, sin) = (
                angles.to(ScalarType.Float64).cos().view(1, tokens, 1, -1), angles.to(ScalarType.Float64).sin().view(1, tokens, 1, -1));
            var (a, b) = (normed.select(-1, 0), normed.select(-1, 1));
            var turned = stack([a * cos - b * sin, a * sin + b * cos], -1).view(2, tokens, heads, head).transpose(1, 2);
            string what = $"seed {inputs.Seed}, {heads} heads of {head}, gap {gap}";
            RmsRotary.Apply(x, weight, 1e-6, turns, heads).ShouldBeNearInNorm(turned, 6e-3, what);
            RmsRotary.Apply(x, weight, 1e-6, null, heads).ShouldBeNearInNorm(
                normed.view(2, tokens, heads, head).transpose(1, 2), 6e-3, what);
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void A_gated_residual_is_its_formula(string device)
    {
        foreach (var (width, gap) in new[] { (7L, 0L), (24, 0), (40, 8), (5120, 0) })
        {
            using var inner = NewDisposeScope();
            var (x, y, gate) = (
                inputs.Rows(device, gap, 2, 5, width), inputs.Rows(device, 0, 2, 5, width), inputs.Singles(device, 2, 1, width));
            var expected = x.to(ScalarType.Float64) + y.to(ScalarType.Float64) * gate;
            GatedResidual.Apply(x, y, gate).ShouldBeNearInNorm(expected, 3e-3, $"seed {inputs.Seed}, width {width}, gap {gap}");
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Channel_norm_and_silu_is_its_formula(string device)
    {
        foreach (long channels in new[] { 3L, 8, 96, 100, 384 })
        {
            foreach (bool channelsLast in new[] { true, false })
            {
                using var inner = NewDisposeScope();
                var x = channelsLast
                    ? inputs.Rows(device, 0, 2, 3, 5, 7, channels).permute(0, 4, 1, 2, 3)
                    : inputs.Rows(device, 0, 2, channels, 3, 5, 7);
                var gamma = inputs.Rows(device, 0, channels).view(-1, 1, 1, 1);
                var wide = x.to(ScalarType.Float64);
                var normed = wide / wide.square().sum(1, keepdim: true).sqrt() * Math.Sqrt(channels) * gamma;
                var expected = normed * normed.sigmoid();
                ChannelNormSilu.Apply(x, gamma).ShouldBeNearInNorm(
                    expected, 8e-3, $"seed {inputs.Seed}, {channels} channels, last {channelsLast}");
                ChannelNormSilu.Apply(x.to(ScalarType.Float32), gamma.to(ScalarType.Float32))
                    .ShouldBeNearInNorm(expected, 1e-6, $"seed {inputs.Seed}, {channels} channels, last {channelsLast}");
                if (!channelsLast) continue;
                var first = x.narrow(0, 0, 1);
                ChannelNormSilu.CanWriteInto(first).ShouldBe(
                    device == "cpu" ? Vector256.IsHardwareAccelerated && channels % 8 == 0 : GpuPaths.For(first.device).FusedKernels);
                if (device == "cpu") continue;
                var beside = full([1, 3, 5, 7, 3 * channels], 9f, x.dtype, x.device);
                ChannelNormSilu.ApplyConcatenated(first, gamma, beside, 3);
                for (int frame = 0; frame < 3; frame++)
                {
                    for (int tap = 0; tap < 3; tap++)
                    {
                        var found = beside.select(1, frame).narrow(3, tap * channels, channels).permute(0, 3, 1, 2); // [1, C, H, W]
                        int seen = frame + tap - 2;
                        var wanted = seen < 0 ? full_like(found, 9) : expected.narrow(0, 0, 1).select(2, seen);
                        found.ShouldBeNearInNorm(wanted, 8e-3, $"seed {inputs.Seed}, {channels} channels, frame {frame}, tap {tap}");
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 2e-2)]
    [InlineData(ScalarType.Float32, 1e-6)]
    public void Channel_norm_and_silu_on_a_processor_takes_what_is_not_finite_and_many_pixels(ScalarType type, double most)
    {
        var gamma = inputs.Singles("cpu", 16, 1, 1, 1).to(type);
        var x = (inputs.Singles("cpu", 1, 3, 50, 61, 16) * 40).to(type).permute(0, 4, 1, 2, 3); // more than a part of pixels, far from 0
        ChannelNormSilu.Apply(x, gamma).ShouldBeNearInNorm(
            ChannelNormSilu.Plain(x.to(ScalarType.Float64), gamma.to(ScalarType.Float64)), most, $"seed {inputs.Seed}");
        ChannelNormSilu.Apply(x * 0, gamma).ShouldBeZero();
        x[0, 3, 1, 2, 5] = double.NaN;
        var found = ChannelNormSilu.Apply(x, gamma);
        found.isnan().sum().item<long>().ShouldBe(16, "a pixel that is not a number stays none, and no other becomes so");
        found[0, TensorIndex.Colon, 1, 2, 5].isnan().all().item<bool>().ShouldBeTrue();
    }

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
                    var x = Activations.Create(inputs.Rows(device, 0, 2, tokens, width), precision);
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
            var both = inputs.Rows(device, 0, sets, keys, 2 * width).chunk(2, -1); // as a projection leaves keys and values: side by side
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
    public void A_product_that_ends_with_GELU_is_both(string device)
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

    /// <summary>Relative to the largest magnitude of a row, a byte's error is at most half of its last place.</summary>
    [Theory]
    [InlineData(LinearPrecision.Float8, 1.0 / 28)]
    [InlineData(LinearPrecision.Int8, 0.5 / 127 * 1.001)]
    public void A_byte_is_as_near_as_a_byte_can_be(LinearPrecision precision, double most)
    {
        var x = inputs.Singles("cpu", 9, 333) * 7;
        var rows = RowQuantiser.Quantise(x, precision);
        float error = ((RowQuantiser.Restore(rows) - x).abs() / x.abs().amax([-1], keepdim: true)).max().item<float>();
        ((double)error).ShouldBeLessThan(most, $"seed {inputs.Seed}");
        RowQuantiser.Restore(RowQuantiser.Quantise(zeros(3, 4), precision)).ShouldBeZero();
    }

    /// <param name="rounded">How many times the formula is rounded to bfloat16 on its way.</param>
    private void Check(Activations found, Tensor expected, LinearPrecision precision, int rounded = 1)
    {
        found.Precision.ShouldBe(precision);
        // A long row of products has a largest value of 14 times its root mean square: 14 / 127 / sqrt(12) is 3e-2.
        double most = precision switch { LinearPrecision.Plain => 4e-3 * rounded, LinearPrecision.Float8 => 4e-2, _ => 3e-2 };
        (precision == LinearPrecision.Plain ? found.Values : Restored(found))
            .ShouldBeNearInNorm(expected, most, $"seed {inputs.Seed}, {precision}");
    }

    private static Tensor Restored(Activations x) => RowQuantiser.Restore(new QuantisedRows(x.Values, x.Scales!));
}
