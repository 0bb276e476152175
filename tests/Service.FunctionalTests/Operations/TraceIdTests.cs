using System.Net;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>Every answer with a status of 500 or more has an id that the log line with the path has too.</summary>
public sealed class TraceIdTests
{
    [Fact]
    public async Task A_refused_submission_and_a_failed_job_can_be_found_in_the_log()
    {
        await using var service = await LocalService.StartAsync(
            "--set", "stub_seconds=0", "--set", "workers=cpu", "--set", "quota_gb=0.001", "--set", "clean_seconds=0.1");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "run out of memory"));
        (await client.EndAsync(id)).GetProperty("status").GetString().ShouldBe("failed");
        using var failed = await client.Http.GetAsync($"/?call_id={id}");
        failed.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        await IsLoggedAsync(service, failed, "GET / was answered with 500");

        await File.WriteAllBytesAsync(Path.Combine(service.Data, "results", "large"), new byte[2_000_000]);
        using var refused = await UntilFullAsync(client);
        var problem = await TokenClient.ReadAsync(refused);
        problem.GetProperty("trace_id").GetString().ShouldBe(IdOf(refused));
        await IsLoggedAsync(service, refused, "POST /v1/jobs was answered with 503");
    }

    private static async Task<HttpResponseMessage> UntilFullAsync(TokenClient client)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var response = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond);
            if (response.StatusCode is HttpStatusCode.ServiceUnavailable)
                return response;
            response.Dispose();
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), "the disk quota has no effect");
        }
    }

    private static string IdOf(HttpResponseMessage response) => response.Headers.GetValues("Trace-Id").Single();

    /// <summary>The log is written after the answer, by another thread.</summary>
    private static async Task IsLoggedAsync(TestedService service, HttpResponseMessage response, string line)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !service.Log.Contains(
            $"{line}, trace {IdOf(response)}", StringComparison.Ordinal); await Task.Delay(50))
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), service.Log);
        }
    }
}
