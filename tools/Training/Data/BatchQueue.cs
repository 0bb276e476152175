using System.Collections.Concurrent;

namespace Locutor.Training.Data;

/// <summary>A queue of batches that background threads create a little ahead of the training.</summary>
/// <typeparam name="T">The type of a batch. Batches that are left at the end are disposed.</typeparam>
public sealed class BatchQueue<T> : IDisposable
    where T : IDisposable
{
    private readonly BlockingCollection<T> queue;
    private readonly CancellationTokenSource stop = new();
    private readonly Thread[] threads;
    private Exception? failure;

    /// <param name="make">Creates a batch. It is called on every thread, each time with its own random source.</param>
    public BatchQueue(Func<Random, T> make, int threads, int ahead, int seed)
    {
        queue = new BlockingCollection<T>(ahead);
        int calls = 0;
        T Make() => make(new Random(unchecked(seed * 65537 + Interlocked.Increment(ref calls))));
        this.threads = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => Produce(Make))
        {
            IsBackground = true,
            Name = "batches",
        })];
        foreach (var thread in this.threads) thread.Start();
    }

    /// <summary>Takes the next batch and waits for it if necessary.</summary>
    /// <exception cref="InvalidOperationException">A batch could not be created.</exception>
    public T Take()
    {
        while (true)
        {
            if (queue.TryTake(out var batch, 200)) return batch;
            if (failure is not null) throw new InvalidOperationException($"a batch could not be made: {failure.Message}", failure);
        }
    }

    /// <summary>Takes a batch if one is ready; otherwise returns null.</summary>
    public T? TryTake() => queue.TryTake(out var batch) ? batch : failure is null ? default : Take();

    public void Dispose()
    {
        stop.Cancel();
        foreach (var thread in threads) thread.Join();
        while (queue.TryTake(out var batch)) batch.Dispose();
        queue.Dispose();
        stop.Dispose();
    }

    private void Produce(Func<T> make)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var batch = make();
                try
                {
                    queue.Add(batch, stop.Token);
                }
                catch (OperationCanceledException)
                {
                    batch.Dispose();
                }
            }
        }
        catch (Exception e)
        {
            failure = e;
        }
    }
}
