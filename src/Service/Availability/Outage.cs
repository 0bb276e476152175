using System.Data.Common;
using System.Net.Sockets;

namespace Locutor.Service.Availability;

/// <summary>Distinguishes an outage of a node or the database, which is temporary, from a fault of the program.</summary>
internal static class Outage
{
    /// <summary>The seconds after which a caller may repeat a request.</summary>
    public const int RetryAfter = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    public static bool Is(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            // An exception that cannot be serialised arrives from another node as an OrleansException. A call that found no node in time is
            // canceled. While a node leaves, calls that still run find disposed services, and Orleans and Npgsql throw plain exceptions of
            // .NET, such as InvalidOperationException, when they use an activation or a connection that has just ended.
            if (cause is OrleansException or OperationCanceledException or TimeoutException or DbException or SocketException or IOException
                or ObjectDisposedException
                || cause.GetType().Namespace?.StartsWith("Orleans", StringComparison.Ordinal) == true
                || IsThrownByLibrary(cause))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Returns whether the first method on the stack that is not of .NET belongs to Orleans or Npgsql.</summary>
    private static bool IsThrownByLibrary(Exception exception)
    {
        foreach (var line in exception.StackTrace.AsSpan().EnumerateLines())
        {
            var frame = line.Trim();
            if (frame.StartsWith("at ") && !frame.StartsWith("at System.") && !frame.StartsWith("at Microsoft."))
                return frame.StartsWith("at Orleans.") || frame.StartsWith("at Npgsql.");
        }
        return false;
    }

    /// <summary>Repeats a read that fails while another node takes over. Use it only for calls that change nothing.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        long from = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await read().WaitAsync(cancellationToken);
            }
            catch (Exception exception) when (Is(exception) && TimeProvider.System.GetElapsedTime(from) < Patience)
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }
}
