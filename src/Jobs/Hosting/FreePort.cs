using System.Net;
using System.Net.Sockets;

namespace Locutor.Jobs.Hosting;

/// <summary>Ports that nothing listens on.</summary>
public static class FreePort
{
    /// <summary>
    /// Below those that the system gives to outgoing connections (from 32768 on Linux, 49152 elsewhere): such a port could be taken by one
    /// before it is listened on.
    /// </summary>
    private const int From = 15_000, To = 32_768;

    private static int next = Random.Shared.Next(From, To);

    /// <summary>A port that is free now, another at every call of this process until all have come round.</summary>
    /// <exception cref="IOException">None is free.</exception>
    public static int Take()
    {
        for (int tries = From; tries < To; tries++)
        {
            int port = From + (int)((uint)Interlocked.Increment(ref next) % (To - From));
            using var listener = new TcpListener(IPAddress.Any, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // somebody listens there
            }
        }
        throw new IOException($"no port between {From} and {To - 1} is free");
    }
}
