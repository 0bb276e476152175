using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>Results go by themselves when they have expired, and the oldest ones when the quota is used up.</summary>
public sealed class RetentionTests
{
    [Fact]
    public async Task A_result_expires_with_its_inputs_and_says_so()
    {
        await using var service = await LocalService.StartAsync(
            "--no-auth", "--set", "stub_seconds=0", "--set", "keep_days=0.00003", "--set", "clean_seconds=0.2");
        using var client = new TokenClient(service.Url, "-", "-");
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var done = await client.EndAsync(id);
        (
            done.GetProperty("expires_at").GetDateTimeOffset() - done.GetProperty("finished_at").GetDateTimeOffset())
            .TotalSeconds.ShouldBe(2.6, 0.1);
        await client.UntilAsync(id, job => job.GetProperty("status").GetString() == "expired");
        (await client.Http.GetAsync($"/?call_id={id}")).StatusCode.ShouldBe(HttpStatusCode.Gone);
        using var video = await client.Http.GetAsync($"/v1/jobs/{id}/video");
        video.StatusCode.ShouldBe(HttpStatusCode.Gone);
        (await TokenClient.ReadAsync(video)).GetProperty("code").GetString().ShouldBe("expired");
        for (var clock = Stopwatch.StartNew(); Directory.EnumerateFileSystemEntries(service.Data, id, SearchOption.AllDirectories)
            .Any(); await Task.Delay(50))
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "the files are still there");
        }
    }

    [Fact]
    public async Task Beyond_the_quota_the_oldest_results_go_and_then_new_jobs_are_refused()
    {
        string[] settings = ["--no-auth", "--set", "stub_seconds=0", "--set", "quota_gb=0.001", "--set", "clean_seconds=0.2"];
        await using var service = await LocalService.StartAsync(settings);
        using var client = new TokenClient(service.Url, "-", "-");
        byte[] voice = Samples.Voice(9); // 400 kB
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
        (await client.GetJsonAsync($"/v1/jobs/{ids[^1]}")).GetProperty("status").GetString()
            .ShouldBe("succeeded", "one result is well within the quota");

        await service.StopAsync();
        await using var idle = await LocalService.TakeOverAsync(service, "--set", "workers=none");
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using var response = await client.UploadAsync(Samples.Picture, voice);
            if (response.StatusCode is HttpStatusCode.ServiceUnavailable
                && (await client.GetJsonAsync("/v1/jobs?status=succeeded")).GetProperty("jobs").GetArrayLength() == 0)
            {
                response.Headers.RetryAfter.ShouldNotBeNull();
                (await TokenClient.ReadAsync(response)).GetProperty("code").GetString().ShouldBe("disk_full");
                return;
            }
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), "the quota is never full");
        }
    }

    [Fact]
    public async Task Remains_of_crashed_submissions_are_deleted_and_files_of_jobs_and_uploads_are_kept()
    {
        await using var service = ServiceProcess.Create("--no-auth", "--set", "stub_seconds=0", "--set", "clean_seconds=0.2");
        using var client = new TokenClient(service.Url, "-", "-");
        string done;
        await using (await LocalService.TakeOverAsync(service))
        {
            done = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
            await client.EndAsync(done);
        }
        await service.StartAgainAsync("--set", "workers=none");
        string left, fresh;
        using (await HalfUploadAsync(service))
        {
            left = await NewAsync(service, done);
            using (await HalfUploadAsync(service))
            {
                fresh = await NewAsync(service, done, left);
                await service.KillAsync();
            }
        }
        foreach (string? folder in new[] { $"inputs/{done}", $"results/{done}", $"inputs/{left}" })
            Directory.SetLastWriteTimeUtc(Path.Combine(service.Data, folder), DateTime.UtcNow.AddHours(-3));
        await using var next = await LocalService.TakeOverAsync(service, "--set", "upload_minutes=0.02");
        for (var clock = Stopwatch.StartNew(); Directory.Exists(Path.Combine(service.Data, "inputs", left)); await Task.Delay(50))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "what the crash left is still there");
        Directory.GetFiles(Path.Combine(service.Data, "inputs", fresh))
            .ShouldNotBeEmpty("it may be an upload to another machine that is still going on");
        (await client.Http.GetByteArrayAsync($"/v1/jobs/{done}/inputs/image")).ShouldBe(Samples.Picture);
        (await client.Http.GetAsync($"/v1/jobs/{done}/video")).StatusCode.ShouldBe(HttpStatusCode.OK);

        // An upload that never ends times out and leaves nothing, so the clean-up after a crash cannot delete files of a running upload.
        string[] before = Directory.GetDirectories(Path.Combine(service.Data, "inputs"));
        using var upload = await HalfUploadAsync(service);
        using var reader = new StreamReader(upload.GetStream(), Encoding.Latin1);
        (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe("HTTP/1.1 408 Request Timeout");
        Directory.GetDirectories(Path.Combine(service.Data, "inputs")).ShouldBe(before, ignoreOrder: true);
    }

    /// <summary>The job whose picture has just been stored for a submission that is under way.</summary>
    private static async Task<string> NewAsync(ServiceProcess service, params string[] known)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(20))
        {
            if (Directory.GetFiles(Path.Combine(service.Data, "inputs"), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetFileName(Path.GetDirectoryName(file))!).Except(known).SingleOrDefault() is { } id)
            {
                return id;
            }

            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "no picture was stored");
        }
    }

    /// <summary>Sends a form with the whole picture and the beginning of a voice.</summary>
    private static async Task<TcpClient> HalfUploadAsync(ServiceProcess service)
    {
        using var form = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond);
        byte[] body = await form.ReadAsByteArrayAsync();
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(service.Url).Port);
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {form.Headers.ContentType}\r\nContent-Length: " +
            $"{body.Length}\r\n\r\n");
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        await client.GetStream().WriteAsync(body.AsMemory(0, body.Length - 1000));
        return client;
    }
}
