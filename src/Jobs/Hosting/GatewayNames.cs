using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Locutor.Jobs.Hosting;

/// <summary>The gateway of a node: an IP address or a DNS name, and a port.</summary>
public sealed record GatewayName(string Host, int Port)
{
    /// <summary>Parses a list such as <c>10.0.0.1:30000,locutor-0.locutor:30000,[::1]:30000</c>.</summary>
    /// <exception cref="FormatException">A part is not a host and a port.</exception>
    public static GatewayName[] ParseList(string text) => [.. text
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)];

    private static GatewayName Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        return Uri.CheckHostName(host) is not UriHostNameType.Unknown
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= 65_535
            ? new GatewayName(host, port)
            : throw new FormatException($"expected host:port, found '{text}'");
    }
}

/// <summary>
/// Finds gateways by name. DNS names are resolved again every few seconds, since a pod gets another address when it restarts.
/// </summary>
internal sealed class NamedGateways(GatewayName[] names, IOptions<GatewayOptions> options) : IGatewayListProvider
{
    public TimeSpan MaxStaleness => options.Value.GatewayListRefreshPeriod;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public async Task<IList<Uri>> GetGateways()
    {
        var found = await Task.WhenAll(names.Select(ResolveAsync));
        return [.. found.SelectMany(addresses => addresses).Distinct().Select(address => address.ToGatewayUri())];
    }

    private static async Task<IPEndPoint[]> ResolveAsync(GatewayName name)
    {
        try
        {
            return [.. (await Dns.GetHostAddressesAsync(name.Host)).Select(address => new IPEndPoint(address, name.Port))];
        }
        catch (SocketException)
        {
            return []; // The other names may resolve; this one is resolved again later.
        }
    }
}
