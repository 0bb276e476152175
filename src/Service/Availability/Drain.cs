namespace Locutor.Service.Availability;

/// <summary>
/// The graceful stop of the service. After the request to stop, new jobs are refused and workers finish their jobs; all other requests
/// are still answered.
/// </summary>
public sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource begun = new();
    private readonly TaskCompletionSource workersEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int asked;

    public bool HasBegun => begun.IsCancellationRequested;

    public CancellationToken Begun => begun.Token;

    /// <summary>Completes when the workers of this service have ended.</summary>
    public Task WorkersEnded => workersEnded.Task;

    /// <summary>Starts the graceful stop. Returns false when it had already started.</summary>
    public bool Begin()
    {
        if (Interlocked.Exchange(ref asked, 1) == 1)
            return false;
        begun.Cancel();
        return true;
    }

    public void EndWorkers() => workersEnded.TrySetResult();

    public void Dispose() => begun.Dispose();
}
