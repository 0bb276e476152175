using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>Spans as a collector gets them, OTLP over HTTP, and the log as a program reads it.</summary>
public sealed class TracingTests
{
    [Fact]
    public async Task Submission_fetch_run_and_webhook_of_a_job_are_one_trace_across_processes()
    {
        var received = new List<byte[]>();
        await using var collector = LoopbackServer.Start("127.0.0.1", async (request, stream, cancellationToken) =>
        {
            lock (received)
                received.Add(Encoding.Latin1.GetBytes(request.Body));
            await LoopbackServer.AnswerAsync(stream, "200 OK", "", [], cancellationToken);
        });
        await using var inputs = LoopbackServer.Serving("127.0.0.1", Samples.Picture);
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
        };
        await using var service = await ServiceProcess.StartAsync(
            environment, "--no-auth", "--allow-private-addresses", "--set", "stub_seconds=0", "--set", "log_json=true");
        using var client = new TokenClient(service.Url, "-", "-");
        byte[] trace = Guid.NewGuid().ToByteArray();
        client.Http.DefaultRequestHeaders.Add("traceparent", $"00-{Convert.ToHexStringLower(trace)}-00f067aa0ba902b7-01");
        using var response = await client.PostJsonAsync(
            "/v1/jobs",
            new { image = inputs.Url + "/p.png", audio = Samples.DataUrl(Samples.VoiceOfASecond), webhook = inputs.Url + "/told" });
        string id = (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!;
        (await client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");

        foreach (string? name in new[] { "POST /v1/jobs", "fetch inputs", "run", "webhook" })
            await WaitForAsync(received, name, trace, id);
        // The lines of the worker come through the service's output.
        string done = $"\"{id} is done after ";
        for (var clock = Stopwatch.StartNew(); !service.Log.Contains(done, StringComparison.Ordinal); await Task.Delay(50))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), service.Log);
        LogIsStructured(service.Log, id);
    }

    /// <summary>Every line is an object with a time, those of the worker too, which name their device.</summary>
    private static void LogIsStructured(string log, string job)
    {
        var lines = log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))
            .ToArray();
        foreach (var line in lines)
            line.GetProperty("Timestamp").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(5));
        var begins = lines.Single(line => line.GetProperty("Message").GetString() == $"{job} begins, attempt 1");
        begins.GetProperty("Device").GetString().ShouldBe("cpu");
        begins.GetProperty("State").GetProperty("Job").GetString().ShouldBe(job);
    }

    /// <summary>Until a batch of spans holds this name and this trace.</summary>
    private static async Task WaitForAsync(List<byte[]> received, string name, byte[] trace, string job)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            lock (received)
            {
                if (received.Any(batch => batch.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name)) >= 0 && batch.AsSpan().IndexOf(trace) >= 0
                    && batch.AsSpan().IndexOf("locutor"u8) >= 0))
                {
                    return;
                }
            }
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), $"no span '{name}' of {job} came");
        }
    }
}
