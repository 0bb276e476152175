using System.Net;
using Locutor.Jobs.Records;
using Locutor.Service.FunctionalTests.Harness;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Attacks;

/// <summary>Which addresses may be connected to, however they are written.</summary>
public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b:1::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:53aa:64c:0:7a85:fffd:fffd")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Private_addresses_are_refused(string address) =>
        new AddressGuard(new ServeSettings()).Allows(IPAddress.Parse(address)).ShouldBeFalse();

    [Theory]
    [InlineData("93.184.216.34")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("172.32.0.1")]
    [InlineData("2606:2800:220:1:248:1893:25c8:1946")]
    [InlineData("::ffff:93.184.216.34")]
    public void Public_addresses_are_allowed(string address) =>
        new AddressGuard(new ServeSettings()).Allows(IPAddress.Parse(address)).ShouldBeTrue();

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("fd00:ec2::254")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    public void Metadata_services_stay_closed_when_private_addresses_are_open(string address)
    {
        var guard = new AddressGuard(new ServeSettings { AllowPrivateAddresses = true });
        guard.Allows(IPAddress.Parse(address)).ShouldBeFalse();
        guard.Allows(IPAddress.Parse("10.0.0.1")).ShouldBeTrue();
        guard.Allows(IPAddress.Loopback).ShouldBeTrue();
    }

    [Fact]
    public async Task A_name_that_changes_to_a_private_address_is_refused_when_it_connects()
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", [1]);
        await using var outside = LoopbackServer.Start(
            "127.0.0.2",
            (_, stream, cancellationToken) =>
                LoopbackServer.AnswerAsync(stream, "302 Found", "Location: /again\r\n", [], cancellationToken),
            inside.Port);
        int lookups = 0;
        var settings = new ServeSettings { AllowAddresses = [IPNetwork.Parse("127.0.0.2/32")], FetchSeconds = 60 };
        var guard = new AddressGuard(
            settings, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(lookups++ == 0 ? "127.0.0.2" : "127.0.0.1")]));
        using var fetcher = new UrlFetcher(guard, settings);
        var refused = await Should.ThrowAsync<InputException>(
            fetcher.FetchAsync($"http://rebinding.example:{inside.Port}/", Stream.Null, default));
        refused.Code.ShouldBe(JobError.AddressBlocked);
        lookups.ShouldBe(2);
        outside.Connections.ShouldBe(1);
        inside.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task A_name_with_one_private_address_among_public_ones_is_refused()
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", [1]);
        var guard = new AddressGuard(
            new ServeSettings(), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("93.184.216.34"), IPAddress.Loopback]));
        using var fetcher = new UrlFetcher(guard, new ServeSettings { FetchSeconds = 60 });
        var refused = await Should.ThrowAsync<InputException>(
            fetcher.FetchAsync($"http://both.example:{inside.Port}/", Stream.Null, default));
        refused.Code.ShouldBe(JobError.AddressBlocked);
        refused.Message.ShouldBe("both.example is at 127.0.0.1, which is not a public address");
        inside.Connections.ShouldBe(0);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("[::1]", "::1")]
    public async Task An_inner_address_is_named_once(string host, string named)
    {
        using var fetcher = new UrlFetcher(new AddressGuard(new ServeSettings()), new ServeSettings { FetchSeconds = 60 });
        var refused = await Should.ThrowAsync<InputException>(fetcher.FetchAsync($"http://{host}:9/", Stream.Null, default));
        refused.Message.ShouldBe($"{named} is not a public address");
    }
}
