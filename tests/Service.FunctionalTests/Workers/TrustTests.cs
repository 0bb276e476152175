using System.Diagnostics;
using System.Net.Sockets;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>Only a node or worker may join that shows the cluster's certificate and uses its store.</summary>
public sealed class TrustTests
{
    [Fact]
    public async Task A_worker_with_another_certificate_or_none_gets_no_job_and_both_sides_report_it()
    {
        int gateway = FreePort.Take();
        await using var service = await LocalService.StartAsync("--set", "workers=none", "--set", $"gateway_port={gateway}");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        string folder = Directory.CreateTempSubdirectory("locutor-stranger-").FullName;
        try
        {
            string without = await RunAsync(folder, gateway, 120, _ => false);
            without.ShouldContain("cluster.pem, the certificate of the cluster; make one with 'locutor cluster init'");
            without.ShouldContain("locutor cluster init");
            ClusterCertificate.Create(Path.Combine(folder, ClusterCertificate.FileName));
            (await RunAsync(folder, gateway, 120, log => log.Contains("this worker waits for a node", StringComparison.Ordinal)))
                .ShouldContain("has a certificate that differs from");
            (await RunAsync(folder, gateway, 120, log => log.Contains("this worker waits for a node", StringComparison.Ordinal), "false"))
                .ShouldContain("this worker has no certificate");
            for (var clock = Stopwatch.StartNew(); !service.Log.Contains(
                "is refused: the other end has a certificate that differs from", StringComparison.Ordinal); await Task.Delay(50))
            {
                clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), service.Log);
            }

            using (var plain = new TcpClient("127.0.0.1", gateway))
            {
                await plain.GetStream().WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
                (await ReadAsync(plain)).ShouldBeLessThan(64, "nothing but an alert comes back");
            }
            (await client.GetJsonAsync($"/v1/jobs/{id}")).GetProperty("status").GetString().ShouldBe("queued");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_worker_with_another_folder_is_set_aside_with_the_reason_and_takes_no_job()
    {
        int gateway = FreePort.Take();
        await using var service = await LocalService.StartAsync("--set", "workers=none", "--set", $"gateway_port={gateway}");
        using var client = service.CreateClient(TokenScopes.All);
        string folder = Directory.CreateTempSubdirectory("locutor-other-").FullName;
        try
        {
            File.Copy(Path.Combine(service.Data, ClusterCertificate.FileName), Path.Combine(folder, ClusterCertificate.FileName));
            string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
            string log = await RunAsync(folder, gateway, 120, log => log.Contains("set aside", StringComparison.Ordinal));
            log.ShouldContain("is not the store of this service");
            (await client.GetJsonAsync($"/v1/jobs/{id}")).GetProperty("attempt").GetInt32().ShouldBe(0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_worker_that_fails_for_a_reason_of_its_own_is_set_aside_and_another_runs_the_job()
    {
        int gateway = FreePort.Take();
        await using var service = await LocalService.StartAsync("--set", "workers=none", "--set", $"gateway_port={gateway}");
        using var client = service.CreateClient(TokenScopes.All);
        string folder = Directory.CreateTempSubdirectory("locutor-stale-").FullName;
        try
        {
            // A copy of the folder from before the job, like a network mount with stale files.
            foreach (string? name in new[] { ClusterCertificate.FileName, "store.id" })
                File.Copy(Path.Combine(service.Data, name), Path.Combine(folder, name));
            string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
            string log = await RunAsync(folder, gateway, 120, log => log.Contains("set aside", StringComparison.Ordinal));
            log.ShouldContain("this worker is set aside and tries again in 60 s: store: ");
            (await client.GetJsonAsync($"/v1/jobs/{id}")).GetProperty("status").GetString().ShouldBe("queued");
            await RunAsync(service.Data, gateway, 120, log => log.Contains("is done after", StringComparison.Ordinal));
            (await client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_node_with_another_folder_does_not_start()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var first = await LocalService.StartAsync(environment, "--set", "workers=none");
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => ServiceProcess.StartAsync(
            environment, "--set", "workers=none", "--set", $"cluster_certificate={Path.Combine(first.Data, ClusterCertificate.FileName)}"));
        refused.Message.ShouldContain("is not the store of this service");
        refused.Message.ShouldContain("adopt_store=true");
    }

    /// <summary>Returns how many bytes come back; none where the connection is cut off.</summary>
    private static async Task<int> ReadAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[64]).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Runs a worker until its output is enough or it ends, and returns the output.</summary>
    private static async Task<string> RunAsync(string data, int gateway, double seconds, Func<string, bool> enough, string tls = "true")
    {
        var start = new ProcessStartInfo(ServiceProcess.StubProgram, ["worker", "--data", data, "--gateway", $"localhost:{gateway}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LOCUTOR_CLUSTER_TLS"] = tls;
        using var worker = Process.Start(start)!;
        var log = new System.Text.StringBuilder();
        void Note(object sender, DataReceivedEventArgs line)
        {
            lock (log)
                log.AppendLine(line.Data);
        }
        worker.OutputDataReceived += Note;
        worker.ErrorDataReceived += Note;
        worker.BeginOutputReadLine();
        worker.BeginErrorReadLine();
        string Text()
        {
            lock (log)
                return log.ToString();
        }
        for (var clock = Stopwatch.StartNew(); !worker.HasExited && !enough(Text()); await Task.Delay(50))
        {
            if (clock.Elapsed.TotalSeconds > seconds)
            {
                worker.Kill();
                throw new TimeoutException(Text());
            }
        }
        if (!worker.HasExited)
            worker.Kill();
        await worker.WaitForExitAsync();
        return Text();
    }
}
