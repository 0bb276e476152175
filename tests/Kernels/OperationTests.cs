using System.Runtime.Intrinsics;
using Locutor.Kernels.Devices;
using Locutor.Kernels.Quantisation;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>Every operation against its formula in float64, on odd sizes and strided rows, on every device of the machine.</summary>
public sealed partial class OperationTests : IDisposable
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
        // more pixels than a thread computes at once, with values far from 0
        var x = (inputs.Singles("cpu", 1, 3, 50, 61, 16) * 40).to(type).permute(0, 4, 1, 2, 3);
        ChannelNormSilu.Apply(x, gamma).ShouldBeNearInNorm(
            ChannelNormSilu.Plain(x.to(ScalarType.Float64), gamma.to(ScalarType.Float64)), most, $"seed {inputs.Seed}");
        ChannelNormSilu.Apply(x * 0, gamma).ShouldBeZero();
        x[0, 3, 1, 2, 5] = double.NaN;
        var found = ChannelNormSilu.Apply(x, gamma);
        found.isnan().sum().item<long>().ShouldBe(16, "a pixel that is not a number stays none, and no other becomes so");
        found[0, TensorIndex.Colon, 1, 2, 5].isnan().all().item<bool>().ShouldBeTrue();
    }

    /// <summary>Relative to the largest magnitude of a row, a byte's error is at most half of its last place.</summary>
    [Theory]
    [InlineData(LinearPrecision.Float8, 1.0 / 28)]
    [InlineData(LinearPrecision.Int8, 0.5 / 127 * 1.001)]
    public void Quantising_to_8_bits_has_the_smallest_possible_error(LinearPrecision precision, double most)
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
