using System.Net;
using System.Net.Sockets;
using Locutor.Service.Settings;
using Microsoft.Security.AntiSSRF;

namespace Locutor.Service.Inputs;

/// <summary>
/// Decides which IP addresses inputs may be fetched from. It checks the resolved address that a socket is about to connect to. Therefore
/// neither an unusual notation of an address nor a DNS change between check and connection can bypass it.
/// </summary>
public sealed class AddressGuard
{
    // IPv6 ranges that embed an IPv4 address to which the network would route the packets.
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork TranslatedLocally = IPNetwork.Parse("64:ff9b:1::/48");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>
    /// Networks that are always forbidden, even when private addresses are allowed: cloud metadata, link-local, multicast, unspecified.
    /// </summary>
    private static readonly IPNetwork[] Forbidden =
    [
        .. Parse(
            IPAddressRanges.imds, IPAddressRanges.linkLocal, IPAddressRanges.multicast, IPAddressRanges.broadcast,
            IPAddressRanges.discardOnly),
        IPNetwork.Parse("fd00:ec2::254/128"), IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("::/128"), TranslatedLocally, Teredo,
    ];

    private static readonly IPNetwork[] Private =
    [
        .. Parse(
            IPAddressRanges.loopback, IPAddressRanges.privateUse, IPAddressRanges.sharedAddressSpace, IPAddressRanges.siteLocal,
            IPAddressRanges.reserved, IPAddressRanges.documentation, IPAddressRanges.benchmarking, IPAddressRanges.ietfProtocol,
            IPAddressRanges.as112, IPAddressRanges.amt, IPAddressRanges.deprecated, IPAddressRanges.orchidv2, IPAddressRanges.dummy),
        IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("240.0.0.0/4"),
    ];

    private readonly bool allowPrivate;
    private readonly IReadOnlyList<IPNetwork> allowed;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;

    public AddressGuard(ServeSettings settings, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        allowPrivate = settings.AllowPrivateAddresses;
        allowed = settings.AllowAddresses;
        this.resolve = resolve ?? Dns.GetHostAddressesAsync;
    }

    /// <summary>Returns whether a connection to <paramref name="address"/> is allowed.</summary>
    public bool Allows(IPAddress address)
    {
        var plain = Plain(address);
        if (allowed.Any(network => network.Contains(plain)))
            return true;
        if (Forbidden.Any(network => network.Contains(plain) || network.Contains(address)))
            return false;
        return allowPrivate || !Private.Any(network => network.Contains(plain));
    }

    /// <summary>Resolves the name, checks every address in the answer and connects to one of them.</summary>
    /// <exception cref="InputException">An address is not allowed, the name is unknown or nothing answers.</exception>
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await resolve(target.Host, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw new InputException(Jobs.Records.JobError.FetchFailed, $"the name {target.Host} cannot be resolved", true);
        }
        if (addresses.FirstOrDefault(address => !Allows(address)) is { } blocked)
        {
            string found = IPAddress.TryParse(target.Host, out _) ? $"{blocked}" : $"{target.Host} is at {blocked}, which";
            throw new InputException(Jobs.Records.JobError.AddressBlocked, $"{found} is not a public address", false);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new InputException(
                Jobs.Records.JobError.FetchFailed, $"{target.Host}:{target.Port} does not answer ({exception.Message})", true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Returns the IPv4 address that an IPv6 address embeds, or else the address itself.</summary>
    private static IPAddress Plain(IPAddress address)
    {
        if (address.AddressFamily is not AddressFamily.InterNetworkV6)
            return address;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        if (Translated.Contains(address))
            return new IPAddress(bytes.AsSpan(12, 4));
        if (SixToFour.Contains(address))
            return new IPAddress(bytes.AsSpan(2, 4));
        bool compatible = Compatible.Contains(address) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.IPv6Loopback);
        return compatible ? new IPAddress(bytes.AsSpan(12, 4)) : address;
    }

    private static IEnumerable<IPNetwork> Parse(params string[][] ranges) =>
        ranges.SelectMany(range => range).Select(text => IPNetwork.Parse(
            text.Contains('/', StringComparison.Ordinal) ? text : text + (text.Contains(':', StringComparison.Ordinal) ? "/128" : "/32")));
}
