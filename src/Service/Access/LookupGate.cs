namespace Locutor.Service.Access;

/// <summary>
/// Limits the requests that read the database of tokens at a time. Such a read blocks its thread. While the database does not answer, only
/// a few threads wait for it, and the service can still answer everything that needs no token.
/// </summary>
public sealed class LookupGate : IDisposable
{
    private const int AtOnce = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim places = new(AtOnce);

    /// <summary>Runs a read when a place is free.</summary>
    /// <exception cref="TimeoutException">No place became free, so the database answers too slowly or not at all.</exception>
    public async Task<T> RunAsync<T>(Func<T> read)
    {
        if (!await places.WaitAsync(Patience))
            throw new TimeoutException("the database does not answer");
        try
        {
            return read();
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose() => places.Dispose();
}
