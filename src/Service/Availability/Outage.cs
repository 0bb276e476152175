using System.Data.Common;
using System.Net.Sockets;

namespace Locutor.Service.Availability;

/// <summary>Tells a lost node or database, which comes back, from a fault of the program.</summary>
internal static class Outage
{
    /// <summary>Seconds after which a caller may ask again.</summary>
    public const int RetryAfter = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    public static bool Is(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            // What cannot be sent from one node to another arrives as an exception of Orleans; a call that found no node in time as a
            // canceled one.
            if (cause is OrleansException or OperationCanceledException or TimeoutException or DbException or SocketException or IOException
                || cause.GetType().Namespace?.StartsWith("Orleans", StringComparison.Ordinal) == true)
                return true;
        }
        return false;
    }

    /// <summary>Reads something that another node may have to take over first. Only for calls that change nothing.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> read, CancellationToken cancellation)
    {
        var from = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await read().WaitAsync(cancellation);
            }
            catch (Exception exception) when (Is(exception) && TimeProvider.System.GetElapsedTime(from) < Patience)
            {
                await Task.Delay(Pause, cancellation);
            }
        }
    }
}
