using System.Runtime.CompilerServices;

namespace Locutor.Generation.Clips;

/// <summary>
/// Computes the next element of a sequence while the consumer still works on the current one, and no more than that: at most two elements
/// exist at a time. When the consumer requests the third, it has finished with the first.
/// </summary>
internal static class OneAhead
{
    /// <summary>Returns the elements of a sequence, each computed one ahead.</summary>
    /// <param name="source">The sequence. It runs on the thread pool; it is cancelled and awaited if the consumer stops early.</param>
    /// <param name="cancellationToken">Cancels the sequence.</param>
    public static async IAsyncEnumerable<T> Run<T>(
        IAsyncEnumerable<T> source, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : IDisposable
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var items = source.GetAsyncEnumerator(stop.Token);
        await using var disposal = items.ConfigureAwait(false);
        var next = Start(items);
        bool taken = false;
        try
        {
            while (await next.ConfigureAwait(false))
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
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!taken && next.IsCompletedSuccessfully && next.Result) items.Current.Dispose();
        }
    }

    private static Task<bool> Start<T>(IAsyncEnumerator<T> items) =>
        Task.Run(async () => await items.MoveNextAsync().ConfigureAwait(false));
}
