using System.Diagnostics;
using System.Net;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>What goes by itself: results that have expired, and the oldest ones when the disk's share is used up.</summary>
public sealed class RetentionTests
{
    [Fact]
    public async Task A_result_expires_with_its_inputs_and_says_so()
    {
        await using var service = await ServiceProcess.StartAsync("--no-auth", "--set", "stub_seconds=0", "--set", "keep_days=0.00006", "--set", "clean_seconds=0.2");
        using var client = new TokenClient(service.Url, "-", "-");
        var id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var done = await client.EndAsync(id);
        (done.GetProperty("expires_at").GetDateTimeOffset() - done.GetProperty("finished_at").GetDateTimeOffset()).TotalSeconds.ShouldBe(5.2, 0.1);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "expired");
        (await client.Http.GetAsync($"/?call_id={id}")).StatusCode.ShouldBe(HttpStatusCode.Gone);
        using var video = await client.Http.GetAsync($"/v1/jobs/{id}/video");
        video.StatusCode.ShouldBe(HttpStatusCode.Gone);
        (await TokenClient.ReadAsync(video)).GetProperty("code").GetString().ShouldBe("expired");
        for (var clock = Stopwatch.StartNew(); Directory.EnumerateFileSystemEntries(service.Data, id, SearchOption.AllDirectories).Any(); await Task.Delay(50))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10), "the files are still there");
    }

    [Fact]
    public async Task Beyond_the_quota_the_oldest_results_go_and_then_new_jobs_are_refused()
    {
        string[] settings = ["--no-auth", "--set", "stub_seconds=0", "--set", "quota_gb=0.001", "--set", "clean_seconds=0.2"];
        await using var service = await ServiceProcess.StartAsync(settings);
        using var client = new TokenClient(service.Url, "-", "-");
        var voice = Samples.Voice(9); // 400 kB
        var ids = new List<string>();
        while (ids.Count < 4)
        {
            using var response = await client.UploadAsync(Samples.Picture, voice);
            if (response.StatusCode is HttpStatusCode.ServiceUnavailable)
                continue; // until the next round has made room
            ids.Add((await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!);
            await client.EndAsync(ids[^1]);
        }
        await client.UntilAsync(ids[0], job => job.GetProperty("status").GetString() == "expired");
        (await client.GetJsonAsync($"/v1/jobs/{ids[^1]}")).GetProperty("status").GetString().ShouldBe("succeeded", "one result is well within the quota");

        await service.TerminateAsync();
        await service.StartAgainAsync("--set", "workers=none");
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using var response = await client.UploadAsync(Samples.Picture, voice);
            if (response.StatusCode is HttpStatusCode.ServiceUnavailable && (await client.GetJsonAsync("/v1/jobs?status=succeeded")).GetProperty("jobs").GetArrayLength() == 0)
            {
                response.Headers.RetryAfter.ShouldNotBeNull();
                (await TokenClient.ReadAsync(response)).GetProperty("code").GetString().ShouldBe("disk_full");
                return;
            }
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), "the quota is never full");
        }
    }
}
