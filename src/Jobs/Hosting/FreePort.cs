using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Locutor.Jobs.Hosting;

/// <summary>Finds TCP ports that nothing listens on.</summary>
public static class FreePort
{
    /// <summary>
    /// The range lies below the ports that the system gives to outgoing connections (from 32768 on Linux, 49152 elsewhere), since such a
    /// connection could take a port before the caller listens on it.
    /// </summary>
    private const int From = 15_000, To = 32_768;

    // Sockets without a file: their names belong to this process until it ends.
    private static readonly ConcurrentBag<Socket> Claims = [];

    private static int next = Random.Shared.Next(From, To);

    /// <summary>
    /// Returns a port that is free now. Each call in this process returns another port until the whole range was used. On Linux other
    /// processes that call this get other ports, too.
    /// </summary>
    /// <exception cref="IOException">No port of the range is free.</exception>
    public static int Take()
    {
        for (int tries = From; tries < To; tries++)
        {
            int port = From + (int)((uint)Interlocked.Increment(ref next) % (To - From));
            using var listener = new TcpListener(IPAddress.Any, port);
            try
            {
                listener.Start();
                if (TryClaim(port)) return port;
            }
            catch (SocketException)
            {
                // another process listens on it
            }
        }
        throw new IOException($"no port between {From} and {To - 1} is free");
    }

    /// <summary>Claims a port for this process; false if another process has claimed it.</summary>
    private static bool TryClaim(int port)
    {
        if (!OperatingSystem.IsLinux()) return true;
        var claim = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            claim.Bind(new UnixDomainSocketEndPoint($"\0locutor-port-{port}"));
            Claims.Add(claim);
            return true;
        }
        catch (SocketException)
        {
            claim.Dispose();
            return false;
        }
    }
}
