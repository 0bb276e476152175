using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Locutor.Service.Settings;

namespace Locutor.Service.Http;

/// <summary>The reason why the service cannot listen on an address, with advice.</summary>
public sealed record AddressFault(string Text, string Advice);

/// <summary>Checks whether the service can listen on the addresses in its settings.</summary>
public static class ListenAddresses
{
    /// <summary>Parses the setting <c>urls</c>.</summary>
    /// <exception cref="SettingsException">One of the values is not an address.</exception>
    public static IReadOnlyList<BindingAddress> Parse(ServeSettings settings)
    {
        var addresses = new List<BindingAddress>();
        foreach (string url in settings.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            try
            {
                var address = BindingAddress.Parse(url);
                if (address.Scheme is "https")
                {
                    throw new SettingsException(
                        $"urls: this program has no certificate for {url}; listen on http and put a TLS proxy in front, as in " +
                        "deploy/proxy");
                }

                if (address.Scheme is not "http" || address.PathBase.Length > 0 || address.Port > IPEndPoint.MaxPort)
                    throw new FormatException();
                addresses.Add(address);
            }
            catch (FormatException)
            {
                throw new SettingsException($"urls: expected addresses as http://127.0.0.1:8080, separated by semicolons, found '{url}'");
            }
        }
        return addresses.Count > 0 ? addresses : throw new SettingsException("urls: expected an address, as http://127.0.0.1:8080");
    }

    /// <summary>Returns the faults of addresses that the service cannot listen on; empty when there are none.</summary>
    public static IReadOnlyList<AddressFault> Faults(ServeSettings settings)
    {
        var faults = new List<AddressFault?>();
        foreach (var url in Parse(settings).Where(address => !address.IsUnixPipe))
        {
            string other = string.Create(CultureInfo.InvariantCulture, $"--urls {url.Scheme}://{url.Host}:{url.Port + 1}");
            faults.Add(Try(AddressOf(url.Host), url.Port, url.Host, other));
        }
        // With SQLite there is one node, and its cluster ports are on the loopback address.
        var cluster = settings.Postgres is null ? IPAddress.Loopback : settings.ClusterAddress;
        foreach (var (name, port) in new[] { ("silo_port", settings.SiloPort), ("gateway_port", settings.GatewayPort) })
        {
            faults.Add(Try(
                cluster, port, cluster.ToString(),
                string.Create(CultureInfo.InvariantCulture, $"--set {name}={(port == 0 ? 0 : port + 1)}")));
        }

        return [.. faults.OfType<AddressFault>().Distinct()];
    }

    /// <summary>
    /// Returns the IP address of a host as the web server interprets it: a name other than localhost means every address of the machine.
    /// </summary>
    private static IPAddress AddressOf(string host) =>
        host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : IPAddress.Any;

    private static AddressFault? Try(IPAddress address, int port, string host, string other)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            return null;
        }
        catch (SocketException exception)
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
            return exception.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    new AddressFault($"another program listens on {place} already", $"stop that program, or use another port: {other}"),
                SocketError.AddressNotAvailable =>
                    new AddressFault(
                        $"this machine has no address {host}",
                        "name an address of this machine; 127.0.0.1 accepts only this machine, 0.0.0.0 accepts everyone who can reach it"),
                SocketError.AccessDenied =>
                    new AddressFault(
                        $"this user may not listen on {place}",
                        "use a port above 1023, or give the program the capability CAP_NET_BIND_SERVICE"),
                _ =>
                    new AddressFault(
                        $"cannot listen on {place}: {exception.Message}",
                        "see the settings urls, cluster_address, silo_port and gateway_port"),
            };
        }
    }
}
