namespace Locutor.Service.Workers;

/// <summary>A job could not run because of a fault of the worker (its store, device or model) and not of the job.</summary>
public sealed class WorkerFaultException(string part, Exception cause)
    : Exception($"{part}: {cause.Message.ReplaceLineEndings(" ")}", cause)
{
    /// <summary>Runs a step that depends only on the worker and not on the job, and turns its failure into a fault of the worker.</summary>
    public static async Task<T> WatchAsync<T>(string part, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or WorkerFaultException))
        {
            throw new WorkerFaultException(part, exception);
        }
    }

    public static Task WatchAsync(string part, Func<Task> act) => WatchAsync(part, async () =>
    {
        await act();
        return true;
    });
}
