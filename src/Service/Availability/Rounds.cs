namespace Locutor.Service.Availability;

/// <summary>Runs a background service as a series of rounds.</summary>
internal static class Rounds
{
    /// <summary>Repeats a round until the service stops. An exception ends one round; the next begins after a pause.</summary>
    /// <param name="round">The work of one round, including its wait for work.</param>
    /// <param name="pause">The pause after an exception.</param>
    /// <param name="time">Measures the pause.</param>
    /// <param name="waits">Receives the message of an exception that means an outage (<see cref="Outage"/>).</param>
    /// <param name="failed">Receives any other exception.</param>
    /// <param name="cancellationToken">Ends the rounds.</param>
    public static async Task RunAsync(
        Func<Task> round, TimeSpan pause, TimeProvider time, Action<string> waits, Action<Exception> failed,
        CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await round();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                if (Outage.Is(exception))
                    waits(exception.Message);
                else
                    failed(exception);
                await Task.Delay(pause, time, CancellationToken.None);
            }
        }
    }
}
