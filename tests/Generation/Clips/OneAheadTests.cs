using System.Runtime.CompilerServices;
using Locutor.Generation.Clips;

namespace Locutor.Generation.Tests;

public sealed class OneAheadTests
{
    [Fact]
    public async Task One_element_is_computed_ahead_while_the_consumer_works()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var made = new Making(6);
        var taken = new List<int>();
        await foreach (var one in OneAhead.Run(made.AllAsync(cancellationToken), cancellationToken))
        {
            // times out if the element is computed only on request
            if (one.Number < 5) await made.Started(one.Number + 1).WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            await Task.Delay(20, cancellationToken);
            made.Begun.ShouldBe(Math.Min(one.Number + 2, 6), "two elements live at most");
            taken.Add(one.Number);
            one.Dispose();
        }
        taken.ShouldBe(Enumerable.Range(0, 6));
        made.Living.ShouldBe(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_consumer_that_stops_early_leaves_no_element_undisposed(bool throws)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var made = new Making(1000);
        try
        {
            await foreach (var one in OneAhead.Run(made.AllAsync(cancellationToken), cancellationToken))
            {
                one.Dispose();
                if (one.Number == 2 && throws) throw new IOException("disk full");
                if (one.Number == 2) break;
            }
        }
        catch (IOException) when (throws)
        {
        }
        made.Living.ShouldBe(0);
        made.Ended.ShouldBeTrue();
        made.Begun.ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task An_error_reaches_the_consumer_after_the_elements_before_it()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var made = new Making(6, failAt: 3);
        var taken = new List<int>();
        await Should.ThrowAsync<InvalidDataException>(async () =>
        {
            await foreach (var one in OneAhead.Run(made.AllAsync(cancellationToken), cancellationToken))
                using (one) taken.Add(one.Number);
        });
        taken.ShouldBe([0, 1, 2]);
        made.Living.ShouldBe(0);
    }

    private sealed class Making(int count, int failAt = -1)
    {
        private readonly TaskCompletionSource[] started =
        [
            .. Enumerable.Range(0, count).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
        ];
        private int living;

        public int Begun { get; private set; }

        public bool Ended { get; private set; }

        public int Living => living;

        public Task Started(int number) => started[number].Task;

        public async IAsyncEnumerable<Element> AllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            try
            {
                for (int i = 0; i < count; i++)
                {
                    Begun = i + 1;
                    started[i].SetResult();
                    await Task.Delay(5, cancellationToken);
                    if (i == failAt) throw new InvalidDataException($"element {i}");
                    Interlocked.Increment(ref living);
                    yield return new Element(i, () => Interlocked.Decrement(ref living));
                }
            }
            finally
            {
                Ended = true;
            }
        }
    }

    private sealed record Element(int Number, Action Gone) : IDisposable
    {
        public void Dispose() => Gone();
    }
}
