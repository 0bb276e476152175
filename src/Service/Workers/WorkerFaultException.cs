namespace Locutor.Service.Workers;

/// <summary>A job could not be run for a reason of the worker, not of the job: its store, its device or its model.</summary>
public sealed class WorkerFaultException(string part, Exception cause) : Exception($"{part}: {cause.Message.ReplaceLineEndings(" ")}", cause)
{
    /// <summary>Runs something that depends on the worker's surroundings alone.</summary>
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
