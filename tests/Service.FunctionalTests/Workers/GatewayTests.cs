using System.Diagnostics;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>A worker of its own finds the nodes in the database, and one of them is enough.</summary>
public sealed class GatewayTests
{
    [Fact]
    public async Task The_loss_of_a_node_does_not_idle_a_worker_that_finds_nodes_in_the_database()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await ServiceProcess.StartAsync(environment, "--set", "workers=none", "--set", "lease_seconds=4");
        using var client = first.CreateClient(TokenScopes.All);
        await using var second = await LocalService.StartBesideAsync(first);
        using var other = new TokenClient(second.Url, client.Key, client.Secret);
        using var worker = StartWorker(first.Data, environment);
        try
        {
            (await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond))).GetProperty("status")
                .GetString().ShouldBe("succeeded");
            await first.KillAsync();
            string id = await SubmitAsync(other);
            (await other.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
            await StopAsync(worker, other);
        }
        finally
        {
            worker.Kill();
            await worker.WaitForExitAsync();
        }
    }

    [Theory]
    [InlineData("localhost", "expected host:port, found 'localhost'")]
    [InlineData("a b:30000", "expected host:port, found 'a b:30000'")]
    [InlineData("node-a:0", "expected host:port, found 'node-a:0'")]
    public void A_gateway_that_is_no_host_and_port_is_refused(string text, string message) =>
        Should.Throw<FormatException>(() => GatewayName.ParseList(text)).Message.ShouldBe(message);

    [Fact]
    public void Gateways_are_addresses_and_names() => GatewayName.ParseList("10.0.0.1:30000, locutor-0.locutor:1,[::1]:65535")
        .ShouldBe([new GatewayName("10.0.0.1", 30_000), new GatewayName("locutor-0.locutor", 1), new GatewayName("::1", 65_535)]);

    /// <summary>Stops the worker. It signs off, so it is not listed until its two minutes of silence are over.</summary>
    private static async Task StopAsync(Process worker, TokenClient client)
    {
        (await WorkersAsync(client)).ShouldBe(1);
        using var stop = Process.Start("kill", ["-TERM", $"{worker.Id}"]);
        await worker.WaitForExitAsync();
        worker.ExitCode.ShouldBe(0);
        for (var clock = Stopwatch.StartNew(); await WorkersAsync(client) > 0; await Task.Delay(100))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "the worker is still listed");
    }

    private static async Task<int> WorkersAsync(TokenClient client) =>
        (await client.GetJsonAsync("/v1/workers")).GetProperty("workers").GetArrayLength();

    private static Process StartWorker(string data, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(ServiceProcess.StubProgram, ["worker", "--data", data, "--set", "stub_seconds=0.2"]);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Until the second node has noticed the loss of the first, it answers 503.</summary>
    private static async Task<string> SubmitAsync(TokenClient client)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(200))
        {
            using var response = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond);
            var answer = await TokenClient.ReadAsync(response);
            if (response.IsSuccessStatusCode)
                return answer.GetProperty("id").GetString()!;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(180), answer.ToString());
        }
    }
}
