using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Locutor.Jobs.Hosting;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>
/// A service or a worker that is stopped before it is ready ends soon and without messages. In these tests it waits for a server that
/// accepts connections and never answers, so that it is stopped at a known point.
/// </summary>
public sealed class EarlyStopTests : IDisposable
{
    private const int Terminated = 128 + 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TcpListener silent = new(IPAddress.Loopback, 0);
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("locutor-early-");

    public EarlyStopTests() => silent.Start();

    private string Address => $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}";

    public void Dispose()
    {
        silent.Dispose();
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task A_worker_that_waits_for_a_node_can_be_stopped_and_prints_nothing()
    {
        ClusterCertificate.LoadOrCreate(Path.Combine(data.FullName, ClusterCertificate.FileName)).Dispose();

        var (code, output) = await StopAsync(signals: 1, "worker", "--gateway", Address, "--data", data.FullName);

        code.ShouldBe(0, output);
        output.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_service_that_waits_for_its_bucket_can_be_stopped(int signals)
    {
        var (code, output) = await StopAsync(
            signals, "serve", "--no-auth", "--data", data.FullName, "--urls", "http://127.0.0.1:0", "--set", "workers=none", "--set",
            "s3_bucket=videos", "--set", $"s3_endpoint=http://{Address}", "--set", "s3_access_key=key", "--set", "s3_secret_key=secret");

        code.ShouldBe(Terminated, output);
        output.ShouldNotContain("   at ", customMessage: "the stack of an exception");
    }

    /// <summary>Starts the program, and sends SIGTERM when it has connected to the silent server.</summary>
    private async Task<(int Code, string Output)> StopAsync(int signals, params string[] arguments)
    {
        using var program = Process.Start(new ProcessStartInfo(ServiceProcess.StubProgram, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = data.FullName,
        })!;
        var output = program.StandardOutput.ReadToEndAsync();
        var error = program.StandardError.ReadToEndAsync();
        using var connection = await silent.AcceptTcpClientAsync().WaitAsync(Patience);
        for (int i = 0; i < signals; i++)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{program.Id}"]);
            await kill.WaitForExitAsync();
            await Task.Delay(200); // Pending signals of the same number are merged.
        }

        await program.WaitForExitAsync().WaitAsync(Patience);
        return (program.ExitCode, await output + await error);
    }
}
