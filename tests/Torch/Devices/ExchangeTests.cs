using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests.Devices;

/// <summary>The exchange between devices, over threads that each have the CPU as their device.</summary>
public sealed class ExchangeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<int> Members => [1, 2, 3, 4, 5, 8];

    /// <summary>
    /// Exchanges some tokens of all heads for all tokens of some heads, and back; the result is equal bit for bit. The ranges of tokens
    /// differ in length.
    /// </summary>
    [Theory]
    [MemberData(nameof(Members))]
    public async Task Ranges_of_tokens_become_groups_of_heads_and_back(int members)
    {
        using var whole = Numbers(1, 4 * members + 3, 2 * members, 6); // [B, L, H, D]
        var ranges = Ranges(whole.shape[1], members);
        (long From, long Length)[] heads = [.. Enumerable.Range(0, members).Select(i => (2L * i, 2L))];
        var found = await RunAsync(members, side =>
        {
            using var inner = NewDisposeScope();
            var mine = whole.narrow(1, ranges[side.Member].From, ranges[side.Member].Length).contiguous();
            var byHeads = side.Start(mine, 2, heads, 1);
            var strided = side.Start(mine.transpose(1, 2).contiguous().transpose(1, 2), 2, heads, 1);
            side.Arrive();
            byHeads.Equals(strided).ShouldBeTrue();
            var back = side.Start(byHeads, 1, ranges, 2);
            side.Arrive();
            back.Equals(mine).ShouldBeTrue();
            OwnPartLater(side, byHeads, ranges).Equals(mine).ShouldBeTrue();
            return byHeads.DetachFromDisposeScope();
        });
        for (int i = 0; i < members; i++)
            using (found[i]) found[i].Equals(whole.narrow(2, heads[i].From, 2)).ShouldBeTrue($"member {i} of {members}");
    }

    /// <summary>Exchanges heads for ranges of tokens; the member computes its own tokens after it has sent those of the others.</summary>
    private static Tensor OwnPartLater(Exchange side, Tensor byHeads, (long From, long Length)[] ranges)
    {
        var given = byHeads.clone();
        var (first, length) = ranges[side.Member];
        given.narrow(1, first, length).fill_(float.NaN);
        var (result, own) = side.StartWithoutOwn(given, 1, ranges, 2);
        own.copy_(byHeads.narrow(1, first, length));
        side.Arrive();
        return result;
    }

    [Theory]
    [MemberData(nameof(Members))]
    public async Task All_members_get_the_same_sum_and_the_same_joined_tensor(int members)
    {
        using var all = Numbers(members, 5, 3).to(ScalarType.Float32) / 7;
        var sums = await RunAsync(members, side =>
        {
            using var inner = NewDisposeScope();
            var mine = all[side.Member];
            side.Gather(mine, 0).Equals(all.flatten(0, 1)).ShouldBeTrue();
            return side.Sum(mine).DetachFromDisposeScope();
        });
        foreach (var sum in sums) using (sum) sum.Equals(all.sum([0])).ShouldBeTrue();
    }

    /// <summary>Many exchanges one after the other, whose sources are overwritten as soon as all copies have arrived.</summary>
    [Fact]
    public async Task A_source_may_be_overwritten_after_arrival()
    {
        double[] sums = await RunAsync(4, side =>
        {
            using var inner = NewDisposeScope();
            var source = zeros([3, 2]);
            double sum = 0;
            for (int round = 0; round < 200; round++)
            {
                source.fill_(round * 4 + side.Member);
                sum += side.Gather(source, 0).sum().item<float>();
                source.fill_(float.NaN);
            }

            return sum;
        });
        sums.ShouldAllBe(sum => sum == Enumerable.Range(0, 800).Sum() * 6.0);
    }

    /// <summary>A member that fails ends the waits of all others; afterwards the group works again.</summary>
    [Theory]
    [InlineData(2, 1)]
    [InlineData(5, 0)]
    [InlineData(8, 7)]
    public async Task A_failure_ends_all_members_with_its_reason(int members, int failing)
    {
        var sides = Exchange.Create([.. Enumerable.Repeat(CPU, members)]);
        int ended = 0;
        var failure = await Should.ThrowAsync<DeviceFailedException>(() => RunAsync(sides, side =>
        {
            try
            {
                using var inner = NewDisposeScope();
                var mine = ones([2, 2]);
                side.Gather(mine, 0);
                if (side.Member == failing) throw new InvalidOperationException("the injected failure");
                side.Gather(mine, 0);
                return 0;
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }
        }));
        failure.Message.ShouldBe("cpu: the injected failure");
        ended.ShouldBe(members);
        foreach (var side in sides) side.Reset();
        (await RunAsync(sides, side => side.Sum(ones([1, 1])).item<float>())).ShouldAllBe(sum => sum == members);
        foreach (var side in sides) side.Dispose();
    }

    [Fact]
    public void A_copy_is_divided_into_the_longest_rows()
    {
        // A part of the channels of contiguous tokens, into contiguous memory.
        var rows = StridedCopy.From([1, 7, 4, 8], [224, 32, 8, 1], [7 * 64, 64, 8, 1]);
        (rows.Width, rows.Rows, rows.ToPitch, rows.FromPitch).ShouldBe((32, 7, 32, 64));
        rows.Starts().ShouldBe([(0, 0)]);
        // Contiguous in both: one row.
        (StridedCopy.From([3, 5], [5, 1], [5, 1]) is { Width: 15, Rows: 1 }).ShouldBeTrue();
        // Rows of each head are part of a longer head, in a batch of two: one copy command for each item of the batch.
        var heads = StridedCopy.From([2, 3, 4, 8], [3 * 10 * 8, 10 * 8, 8, 1], [3 * 4 * 8, 4 * 8, 8, 1]);
        (heads.Width, heads.Rows, heads.ToPitch, heads.FromPitch).ShouldBe((32, 6, 80, 32));
        var batch = StridedCopy.From([2, 3, 4, 8], [1000, 80, 8, 1], [96, 32, 8, 1]);
        (batch.Width, batch.Rows).ShouldBe((32, 3));
        batch.Starts().ShouldBe([(0, 0), (1000, 96)]);
        // No contiguous axis: single values.
        (StridedCopy.From([4], [1], [3]) is { Width: 1, Rows: 4, ToPitch: 1, FromPitch: 3 }).ShouldBeTrue();
    }

    private static Tensor Numbers(params long[] shape) =>
        arange(shape.Aggregate(1L, (product, length) => product * length), ScalarType.Float32).reshape(shape);

    private static (long From, long Length)[] Ranges(long tokens, int members) =>
        [.. Enumerable.Range(0, members).Select(i => (i * tokens / members, (i + 1) * tokens / members - i * tokens / members))];

    private static async Task<T[]> RunAsync<T>(int members, Func<Exchange, T> work)
    {
        var sides = Exchange.Create([.. Enumerable.Repeat(CPU, members)]);
        var results = await RunAsync(sides, work);
        foreach (var side in sides) side.Dispose();
        return results;
    }

    private static Task<T[]> RunAsync<T>(IReadOnlyList<Exchange> sides, Func<Exchange, T> work) => Task.Run(() => DeviceThreads.Run(
        [.. sides.Select(_ => CPU)], member => work(sides[member]),
        () => sides[0].Break())).WaitAsync(Patience, TestContext.Current.CancellationToken);
}
