using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

/// <summary>
/// 8-bit attention that skips tiles of little weight: the choice of tiles is compared with its definition, the result with masked
/// attention.
/// </summary>
public sealed class VisitedTilesTests : IDisposable
{
    private readonly Inputs inputs = new();
    private readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(33)]
    [InlineData(131)]
    public void Tiles_with_the_smallest_shares_are_skipped_while_their_sum_fits_the_budget(long tiles)
    {
        foreach (double budget in new[] { 0, 0.01, 0.2, 1 })
        {
            var shares = (inputs.Singles("cpu", 3, 7, tiles) * 3).softmax(-1);
            var kept = VisitedTiles.Kept(shares, budget);
            string what = $"seed {inputs.Seed}, {tiles} tiles, budget {budget}";
            var gone = shares.masked_fill(kept, 0).sum(-1);
            gone.max().item<float>().ShouldBeLessThanOrEqualTo((float)budget + 1e-6f, what);
            kept.any(-1).all().item<bool>().ShouldBeTrue(what);
            if (tiles == 1) continue;
            var smallestKept = shares.masked_fill(kept.logical_not(), 2).amin(-1);
            smallestKept.ge(shares.masked_fill(kept, -1).amax(-1)).all().item<bool>()
                .ShouldBeTrue($"{what}: a tile stays although a larger one went");
            (gone + smallestKept).gt(budget - 1e-6).logical_or(kept.sum(-1).eq(1)).all().item<bool>()
                .ShouldBeTrue($"{what}: one more fits");
        }
    }

    [Fact]
    public void A_tile_with_NaN_is_kept_and_so_is_the_only_tile_with_a_share()
    {
        var shares = tensor(new[] { 0f, float.NaN, 0f, float.NaN }).view(1, 1, 4);
        VisitedTiles.Kept(shares, 0.5).data<bool>().ToArray().ShouldBe([false, true, false, true]);
        VisitedTiles.Kept(zeros(1, 1, 4), 0.5).sum().item<long>().ShouldBe(1);
        VisitedTiles.Kept(full([1, 1, 4], double.NaN), 0.5).all().item<bool>().ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void The_first_attention_reads_all_tiles_and_later_ones_those_of_the_list(string device)
    {
        foreach (var (batch, queries, keys, budget) in
                new[]
                {
                    (1L, 1L, 1L, 0.5), (2, 129, 255, 0.5), (1, 130, 257, 0.3), (1, 300, 1500, 0.3), (2, 131, 3001, 0.1), (1, 45, 9000, 0.2)
                })
        {
            using var inner = NewDisposeScope();
            var (q, k, v) = Heads(device, batch, queries, keys);
            using var tiles = new VisitedTiles(budget);
            string what = $"seed {inputs.Seed}, {batch} x {queries} queries, {keys} keys, budget {budget}";
            EightBitAttention.Apply(q, k, v, tiles).Equals(EightBitAttention.Apply(q, k, v))
                .ShouldBeTrue($"{what}: nothing is left out while the list is made");
            var rows = Rows(tiles, q, keys);
            rows.any(-1).all().item<bool>().ShouldBeTrue($"{what}: a query without keys");
            (Scores(q, k).softmax(-1).masked_fill(rows, 0).sum(-1).max().item<double>() < budget * 1.2 + 1e-3)
                .ShouldBeTrue($"{what}: more weight was left out");
            var expected = Scores(q, k).masked_fill(rows.logical_not(), double.NegativeInfinity).softmax(-1)
                .matmul(v.to(ScalarType.Float64)).transpose(1, 2).flatten(2);
            EightBitAttention.Apply(q, k, v, tiles).ShouldBeNearInNorm(expected, 2.5e-2, what);
            if (keys >= 1500) tiles.Count().Skipped.ShouldBeGreaterThan(0, what);
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void The_kernel_and_the_plain_path_leave_out_the_same_tiles(string device)
    {
        // On a CPU, both take the plain path.
        var (q, k, v) = device == "cpu" ? Heads(device, 1, 300, 3001) : Heads(device, 1, 1000, 9000);
        using var found = new VisitedTiles(0.1);
        using var plain = new VisitedTiles(0.1);
        EightBitAttention.Apply(q, k, v, found);
        PlainEightBitAttention.Apply(q, k, v, plain);
        double unlike = found.Mask().ne(plain.Mask()).to(ScalarType.Float32).mean().item<float>();
        unlike.ShouldBeLessThan(0.02, $"seed {inputs.Seed}");
        plain.Count().Skipped.ShouldBeGreaterThan(plain.Count().All / 20);
        PlainEightBitAttention.Apply(q, k, v, found).ShouldBeNearInNorm(
            EightBitAttention.Apply(q, k, v, found), 4e-3, $"seed {inputs.Seed}, the list of the kernel");
    }

    [Fact]
    public void Masks_of_any_number_of_small_tiles_are_packed_into_words_and_read_back()
    {
        foreach (long keys in new[] { 15L, 16, 17, 16 * 31, 16 * 32, 16 * 33, 16 * 64 + 5 })
        {
            using var inner = NewDisposeScope();
            var (q, k, v) = Heads("cpu", 1, 45, keys);
            using var tiles = new VisitedTiles(0.3, 8, 16);
            PlainEightBitAttention.Apply(q, k, v, tiles);
            var shares = nn.functional.pad(Scores(q, k).softmax(-1), [0, (16 - keys % 16) % 16]).unflatten(3, [-1, 16]).sum(-1)
                .flatten(0, 1);
            var largest = nn.functional.pad(shares, [0, 0, 0, 3]).unflatten(1, [6, 8]).amax([2]);
            var mask = tiles.Mask();
            mask.shape.ShouldBe([2, 6, (keys + 15) / 16]);
            mask.ne(VisitedTiles.Kept(largest, 0.3)).to(ScalarType.Float32).mean().item<float>()
                .ShouldBeLessThan(0.05f, $"seed {inputs.Seed}, {keys} keys");
            tiles.Count().ShouldBe((mask.logical_not().sum().item<long>(), mask.numel()));
        }
    }

    [Theory]
    [MemberData(nameof(Inputs.Devices), MemberType = typeof(Inputs))]
    public void NaN_in_a_tile_that_is_left_out_reaches_the_outputs_of_its_head(string device)
    {
        var (q, k, v) = Heads(device, 1, 130, 5000);
        using var tiles = new VisitedTiles(0.4);
        EightBitAttention.Apply(q, k, v, tiles);
        var gone = tiles.Mask()[1].any(0).logical_not().nonzero(); // tiles that no query of head 1 reads
        long key = (gone.shape[0] > 0 ? gone[0, 0].item<long>() : 0) * PlainEightBitAttention.Tile + 77;
        foreach (int which in new[] { 1, 2 })
        {
            Tensor[] given = [q, k.clone(), v.clone()];
            given[which][0, 1, key, 5] = double.NaN;
            var found = EightBitAttention.Apply(given[0], given[1], given[2], tiles).unflatten(2, [2, 128]); // [1, 130, 2, 128]
            found.select(2, 0).isfinite().all().item<bool>().ShouldBeTrue($"the other head, input {which}");
            var hit = found.select(2, 1);
            (which == 1 ? hit : hit[TensorIndex.Ellipsis, 5]).isnan().all().item<bool>().ShouldBeTrue($"input {which}");
        }
    }

    [Fact]
    public void A_list_is_recomputed_after_it_is_cleared_and_for_other_lengths()
    {
        var (q, k, v) = Heads("cpu", 1, 300, 1500);
        using var tiles = new VisitedTiles(0.3);
        var whole = EightBitAttention.Apply(q, k, v);
        EightBitAttention.Apply(q, k, v, tiles).Equals(whole).ShouldBeTrue();
        EightBitAttention.Apply(q, k, v, tiles).Equals(whole).ShouldBeFalse($"seed {inputs.Seed}: tiles are left out");
        tiles.Forget();
        tiles.Count().ShouldBe((0, 0));
        EightBitAttention.Apply(q, k, v, tiles).Equals(whole).ShouldBeTrue();
        var (fewer, ofFewer) = (k.narrow(2, 0, 1400), v.narrow(2, 0, 1400));
        EightBitAttention.Apply(q, fewer, ofFewer, tiles).Equals(EightBitAttention.Apply(q, fewer, ofFewer)).ShouldBeTrue();
    }

    /// <summary>Queries and keys are smooth functions of their place, so that keys far from a query have little weight.</summary>
    private (Tensor Q, Tensor K, Tensor V) Heads(string device, long batch, long queries, long keys)
    {
        var waves = inputs.Singles(device, 1, 2, 1, 64) * 12;
        Tensor Places(long count) => linspace(0, 1, count, ScalarType.Float32, waves.device).view(1, 1, -1, 1) * waves;
        Tensor Smooth(long count) =>
            cat([Places(count).cos(), Places(count).sin()], -1) * 1.6 + inputs.Singles(device, batch, 2, count, 128) / 2;
        return (
            Smooth(queries).to(ScalarType.BFloat16), Smooth(keys).to(ScalarType.BFloat16),
            inputs.Singles(device, batch, 2, keys, 128).to(ScalarType.BFloat16));
    }

    private static Tensor Scores(Tensor q, Tensor k) =>
        q.to(ScalarType.Float64).matmul(k.to(ScalarType.Float64).transpose(2, 3)) / Math.Sqrt(q.shape[3]);

    /// <summary>The list as a mask of scores, [B, H, Lq, Lk].</summary>
    private static Tensor Rows(VisitedTiles tiles, Tensor q, long keys) =>
        tiles.Mask().repeat_interleave(tiles.QueryTile, 1).narrow(1, 0, q.shape[2]).repeat_interleave(tiles.KeyTile, 2)
            .narrow(2, 0, keys).unflatten(0, [q.shape[0], q.shape[1]]);
}
