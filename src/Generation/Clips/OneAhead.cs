using System.Runtime.CompilerServices;

namespace Locutor.Generation.Clips;

/// <summary>
/// Lets a sequence make its next element while the taker still works on the last one, and no more than that one: two elements at most
/// live at a time, and who has come back for the third is done with the first.
/// </summary>
internal static class OneAhead
{
    /// <param name="source">Runs on the thread pool; is cancelled and awaited when the taker leaves early.</param>
    public static async IAsyncEnumerable<T> Of<T>(IAsyncEnumerable<T> source, [EnumeratorCancellation] CancellationToken ct = default)
        where T : IDisposable
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await using var items = source.GetAsyncEnumerator(stop.Token);
        var next = Start(items);
        bool taken = false;
        try
        {
            while (await next)
            {
                taken = true;
                var current = items.Current;
                next = Start(items);
                taken = false;
                yield return current;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!taken && next.IsCompletedSuccessfully && next.Result) items.Current.Dispose();
        }
    }

    private static Task<bool> Start<T>(IAsyncEnumerator<T> items) => Task.Run(async () => await items.MoveNextAsync());
}
