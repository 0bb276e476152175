using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>8-bit attention against the formula in float64, and its kernel against its plain path.</summary>
public sealed class EightBitAttentionTests : IDisposable
{
    private readonly Inputs inputs = new();
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public static TheoryData<string, string, double> Accuracy
    {
        get
        {
            var data = new TheoryData<string, string, double>();
            foreach (string device in Inputs.Devices.Select(row => row.Data))
            {
                foreach (var (kind, cosine) in
                        new[] { ("normal", 0.9998), ("peaky", 0.9995), ("outlier channels", 0.9995), ("heavy tails", 0.9995) })
                {
                    data.Add(device, kind, cosine);
                }
            }
            return data;
        }
    }

    public void Dispose() => scope.Dispose();

    [Theory]
    [MemberData(nameof(Accuracy))]
    public void The_cosine_to_exact_attention_is_as_stated(string device, string kind, double least)
    {
        foreach (long head in new[] { 64L, 128 })
        {
            var (q, k, v) = Heads(device, kind, 1, 2, 150, 2600, head);
            var (found, exact) = (EightBitAttention.Apply(q, k, v).to(ScalarType.Float64), Exact(q, k, v));
            double cosine = ((found * exact).sum() / (found.norm() * exact.norm())).item<double>();
            cosine.ShouldBeGreaterThan(least, $"seed {inputs.Seed}, {kind}, head {head}");
            found.ShouldBeNearInNorm(exact, Math.Sqrt(2 * (1 - least)) * 1.1, $"seed {inputs.Seed}, {kind}, head {head}");
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Any_number_of_queries_and_keys_fits(string device)
    {
        foreach (var (queries, keys) in
                new[] { (1L, 1L), (63, 63), (64, 65), (65, 127), (127, 128), (129, 255), (128, 256), (130, 257), (1, 1000), (700, 5) })
        {
            using var inner = NewDisposeScope();
            var (q, k, v) = Heads(device, "normal", 2, 3, queries, keys, 128);
            string what = $"seed {inputs.Seed}, {queries} queries, {keys} keys";
            var found = EightBitAttention.Apply(q, k, v);
            found.shape.ShouldBe([2, queries, 3 * 128]);
            found.ShouldBeNearInNorm(Exact(q, k, v), 2.5e-2, what);
            // the difference is the rounding of bfloat16, and a few integers that round the other way
            found.ShouldBeNearInNorm(PlainEightBitAttention.Apply(q, k, v), 4e-3, what);
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Long_and_strided_inputs_give_the_numbers_of_the_plain_path(string device)
    {
        // q, k and v side by side, the output of one projection
        var both = inputs.Rows(device, 0, 2, device == "cpu" ? 300 : 4097, 3 * 2 * 128).chunk(3, -1);
        Tensor[] qkv = [.. both.Select(part => Attention.SplitHeads(part, 2))];
        EightBitAttention.Apply(qkv[0], qkv[1], qkv[2]).ShouldBeNearInNorm(
            PlainEightBitAttention.Apply(qkv[0], qkv[1], qkv[2]), 4e-3, $"seed {inputs.Seed}");
        var odd = inputs.Rows(device, 3, 1, 2, 300, 128); // rows that start on 2 bytes: copied
        EightBitAttention.Apply(odd, odd, odd).ShouldBeNearInNorm(Exact(odd, odd, odd), 2.5e-2, $"seed {inputs.Seed}");
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Rows_that_are_normed_and_turned_on_the_way_give_the_numbers_of_the_plain_path(string device)
    {
        foreach (var (tokens, heads, gap) in
                new[]
                {
                    (1L, 1, 0L), (63, 2, 0), (65, 3, 3), (127, 9, 8), (129, 5, 0), (256, 1, 0), (257, 11, 0),
                    (device == "cpu" ? 300 : 4097, 2, 0)
                })
        {
            using var inner = NewDisposeScope();
            long width = heads * 128;
            string what = $"seed {inputs.Seed}, {tokens} tokens, {heads} heads, gap {gap}";
            var qkv = inputs.Rows(device, gap, 2, tokens, 3 * width).chunk(3, -1); // the output of one projection
            var angles = inputs.Singles(device, 1, 1, tokens, 64);
            var turns = polar(ones_like(angles), angles);
            ProjectedHeads Given(Tensor x) => new(x, inputs.Rows(device, 0, width) / 4 + 1, 1e-6, turns, heads);
            var (q, k, v) = (Given(qkv[0]), Given(qkv[1] + 2), Attention.SplitHeads(qkv[2], heads)); // an offset, so that keys have a mean
            Tensor Wide(ProjectedHeads rows) =>
                RmsRotary.Plain(rows.X.to(ScalarType.Float32), rows.Weight.to(ScalarType.Float32), rows.Eps, rows.Rotary, heads);
            var found = EightBitAttention.Apply(q, k, v);
            found.shape.ShouldBe([2, tokens, width]);
            found.ShouldBeNearInNorm(Exact(Wide(q), Wide(k), v), 2.5e-2, what);
            // The kernel rounds no query or key to 16 bits before it quantises them; the plain path does, also on a GPU without the kernel.
            double tolerance = EightBitAttention.RunsOn(v) ? 6e-3 : 2e-2;
            found.ShouldBeNearInNorm(PlainEightBitAttention.Apply(Wide(q), Wide(k), v.to(ScalarType.Float32)), tolerance, what);
        }
    }

    /// <summary>
    /// Queries from a middle tile over the last one to the first ones, and then the other queries into rows of a longer tensor, as several
    /// GPUs compute them.
    /// </summary>
    [Fact]
    public void Queries_in_two_launches_have_the_outputs_of_one()
    {
        Assert.SkipUnless(cuda.is_available(), "only the kernel computes some of the queries");
        const long First = 256, Count = 128, Tokens = 700;
        var (q, k, v) = Heads("cuda", "normal", 2, 3, Tokens, Tokens, 128);
        Assert.SkipUnless(EightBitAttention.RunsOn(v), "this GPU does not have the kernel");
        var (q8, k8, v8) = (HeadQuantiser.Queries(q), HeadQuantiser.Keys(k), HeadQuantiser.Values(v));
        var whole = EightBitAttention.Apply(q8, k8, v8, v.dtype);
        var others = full_like(whole, double.NaN);
        var own = full([2, Count, 5 * 128], double.NaN, v.dtype, v.device);
        EightBitAttention.Apply(q8, k8, v8, new AttentionRows(others, First + Count, Tokens - Count));
        EightBitAttention.Apply(q8, k8, v8, new AttentionRows(own.narrow(2, 128, 3 * 128), First, Count, First));
        others.narrow(1, First, Count).isnan().all().item<bool>().ShouldBeTrue();
        others.narrow(1, First, Count).copy_(own.narrow(2, 128, 3 * 128));
        others.Equals(whole).ShouldBeTrue($"seed {inputs.Seed}");
        own.narrow(2, 0, 128).isnan().all().item<bool>().ShouldBeTrue();
        own.narrow(2, 4 * 128, 128).isnan().all().item<bool>().ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void Attention_is_right_for_rising_scores_and_for_equal_ones(string device)
    {
        // The scores of the last keys are some 90 above those of the first ones, so the reference of the sums has to move.
        var (q, k, v) = Heads(device, "normal", 1, 2, 130, 900, 128);
        var rising = (k + linspace(0, 10, 900, ScalarType.Float32, k.device).view(1, 1, -1, 1) * q.sign().narrow(2, 0, 1))
            .to(ScalarType.BFloat16);
        var same = q.narrow(2, 0, 1).expand(-1, -1, 130, -1);
        var found = EightBitAttention.Apply(same, rising, v);
        found.ShouldBeNearInNorm(Exact(same, rising, v), 6e-2, $"seed {inputs.Seed}");
        found.ShouldBeNearInNorm(PlainEightBitAttention.Apply(same, rising, v), 1e-2, $"seed {inputs.Seed}");
        var still = EightBitAttention.Apply(zeros_like(q), k, v); // every key has the same weight
        still.ShouldBeNearInNorm(
            v.to(ScalarType.Float64).mean([2], keepdim: true).expand(-1, -1, 130, -1).transpose(1, 2).flatten(2), 5e-2,
            $"seed {inputs.Seed}");
        EightBitAttention.Apply(q, k, zeros_like(v)).ShouldBeZero();
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void NaN_reaches_the_outputs_that_depend_on_it_and_no_others(string device)
    {
        // so many keys that key 77 is not in the sample for the mean
        var (q, k, v) = Heads(device, "normal", 1, 2, 130, 5000, 128);
        foreach (int which in new[] { 0, 1, 2 })
        {
            Tensor[] given = [q.clone(), k.clone(), v.clone()];
            given[which][0, 1, 77, 5] = double.NaN;
            var found = EightBitAttention.Apply(given[0], given[1], given[2]).unflatten(2, [2, 128]); // [1, 130, 2, 128]
            found.select(2, 0).isfinite().all().item<bool>().ShouldBeTrue($"the other head, input {which}");
            var hit = found.select(2, 1);
            (which switch { 0 => hit[0, 77], 1 => hit, _ => hit[TensorIndex.Ellipsis, 5] }).isnan().all().item<bool>()
                .ShouldBeTrue($"input {which}");
            if (which == 0) hit.isnan().sum().item<long>().ShouldBe(128, "the other queries");
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void NaN_in_a_row_that_is_normed_on_the_way_reaches_all_its_heads(string device)
    {
        var (x, v) = (inputs.Rows(device, 0, 1, 130, 256), inputs.Rows(device, 0, 1, 2, 130, 128));
        var turns = polar(ones([1, 1, 130, 64], device: x.device), zeros([1, 1, 130, 64], device: x.device));
        ProjectedHeads Given(Tensor rows) => new(rows, ones_like(rows).select(1, 0).select(0, 0), 1e-6, turns, 2);
        var broken = x.clone();
        broken[0, 77, 5] = double.NaN; // in the first head; the norm is over both
        var ofQuery = EightBitAttention.Apply(Given(broken), Given(x), v);
        ofQuery[0, 77].isnan().all().item<bool>().ShouldBeTrue();
        ofQuery.isnan().sum().item<long>().ShouldBe(256, "the other queries");
        EightBitAttention.Apply(Given(x), Given(broken), v).isnan().all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void The_setting_decides_and_its_words_are_checked()
    {
        EightBitAttention.Parse(null).ShouldBe(AttentionPrecision.Automatic);
        EightBitAttention.Parse("auto").ShouldBe(AttentionPrecision.Automatic);
        EightBitAttention.Parse("exact").ShouldBe(AttentionPrecision.Exact);
        EightBitAttention.Parse("8bit").ShouldBe(AttentionPrecision.EightBit);
        Should.Throw<KernelException>(() => EightBitAttention.Parse("fp4")).Message.ShouldBe(
            "LOCUTOR_ATTENTION=fp4: expected auto, exact or 8bit");
        var (q, k, v) = Heads("cpu", "normal", 1, 2, 30, 40, 16);
        Tensor Found(AttentionPrecision precision, LinearPrecision linears = LinearPrecision.Float8)
        {
            string setting = precision switch { AttentionPrecision.Automatic => "auto", AttentionPrecision.Exact => "exact", _ => "8bit" };
            using var chosen = TorchOptions.Override(TorchOptions.Current with { Attention = setting });
            return Attention.Forward(q, k, v, linears).Values;
        }
        using var exact = QuantiseRows.Apply(Attention.Forward(q, k, v), LinearPrecision.Float8).Values;
        Found(AttentionPrecision.Automatic).Equals(exact).ShouldBeTrue("a CPU has no kernel");
        Found(AttentionPrecision.Exact).Equals(exact).ShouldBeTrue();
        Found(AttentionPrecision.EightBit, LinearPrecision.Plain).Equals(PlainEightBitAttention.Apply(q, k, v)).ShouldBeTrue();
        (q, k, v) = Heads("cpu", "normal", 1, 2, 30, 40, 24);
        Found(AttentionPrecision.EightBit, LinearPrecision.Plain).Equals(Attention.Forward(q, k, v))
            .ShouldBeTrue("no Hadamard matrix has 24 rows here");
    }

    private (Tensor Q, Tensor K, Tensor V) Heads(string device, string kind, long batch, long heads, long queries, long keys, long head)
    {
        var (q, k, v) = (
            inputs.Singles(device, batch, queries, heads, head), inputs.Singles(device, batch, keys, heads, head),
            inputs.Singles(device, batch, keys, heads, head));
        if (kind == "peaky") q *= 4;
        if (kind == "outlier channels") // all keys have one offset, and every 32nd channel is 8 times as wide
        {
            var width = ones([head], device: k.device);
            width[TensorIndex.Slice(5, null, 32)] = 8;
            k = k * width + inputs.Singles(device, 1, 1, heads, head) * 4;
        }
        if (kind == "heavy tails") v = v * inputs.Singles(device, batch, keys, heads, head).exp();
        return (Split(q), Split(k), Split(v));
        static Tensor Split(Tensor x) => x.to(ScalarType.BFloat16).transpose(1, 2); // [B, H, L, D]
    }

    private static Tensor Exact(Tensor q, Tensor k, Tensor v) =>
        (q.to(ScalarType.Float64).matmul(k.to(ScalarType.Float64).transpose(2, 3)) / Math.Sqrt(q.shape[3])).softmax(-1)
            .matmul(v.to(ScalarType.Float64)).transpose(1, 2).flatten(2);
}
