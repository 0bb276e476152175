using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Locutor.Jobs.Records;
using Locutor.Service.FunctionalTests.Harness;
using Locutor.Service.Views;

namespace Locutor.Service.FunctionalTests.Economics;

/// <summary>Priority, deadline, needs, usage and quota of jobs over HTTP.</summary>
[Collection(Together.Name)]
public sealed class EconomicsTests(SharedService shared)
{
    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fields_of_the_delivery_are_checked_kept_and_shown()
    {
        var (image, audio) = (Samples.Picture, Samples.VoiceOfASecond);
        string id = await shared.Client.SubmitAsync(
            image, audio, ("priority", "3"), ("not_after", "2099-12-31T23:59:59+02:00"), ("min_memory_gib", "0.5"),
            ("parts", "4")); // of a voice that is too short
        var job = await shared.Client.EndAsync(id);
        job.GetProperty("status").GetString().ShouldBe("succeeded");
        job.GetProperty("priority").GetInt32().ShouldBe(3);
        job.GetProperty("not_after").GetDateTimeOffset().ShouldBe(new DateTimeOffset(2099, 12, 31, 21, 59, 59, TimeSpan.Zero));
        job.GetProperty("min_memory_gib").GetDouble().ShouldBe(0.5);
        job.GetProperty("parts").GetInt32().ShouldBe(4);
        job.GetProperty("gpu_seconds").GetDouble().ShouldBeGreaterThan(0.1);
        foreach (var (name, value) in
                new[]
                {
                    ("priority", "11"), ("priority", "1.5"), ("not_after", "tomorrow"), ("not_after", "2027-13-01T00:00:00Z"),
                    ("not_after", "2099-01-01T00:00:00"), // without a zone
                    ("min_memory_gib", "-1"), ("parts", "0"), ("parts", "65"),
                })
        {
            using var refused = await shared.Client.UploadAsync(image, audio, (name, value));
            refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, $"{name}={value}");
            (await TokenClient.ReadAsync(refused)).GetProperty("errors").TryGetProperty(name, out _).ShouldBeTrue(name);
        }
    }

    [Fact]
    public async Task A_deadline_that_has_passed_fails_the_job_with_its_own_code()
    {
        string past = DateTimeOffset.UtcNow.AddSeconds(-1).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        string id = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("not_after", past));
        var job = await shared.Client.EndAsync(id);
        job.GetProperty("status").GetString().ShouldBe("failed");
        job.GetProperty("error").GetProperty("code").GetString().ShouldBe("deadline_passed");
    }

    [Fact]
    public async Task Usage_sums_what_the_jobs_of_a_token_used_as_JSON_and_CSV()
    {
        using var token = await shared.Service.TokenAsync("--name", "=1+1,\"x\"", "--month-video-seconds", "0.5");
        string id = await token.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var job = await token.EndAsync(id);
        // The usage of a job is recorded a moment after its end is visible.
        JsonElement[] rows = [];
        for (var clock = Stopwatch.StartNew(); rows.Length == 0 && clock.Elapsed < TimeSpan.FromSeconds(30); await Task.Delay(20, Soon))
            rows = [.. (await token.GetJsonAsync("/v1/usage?by=day")).GetProperty("rows").EnumerateArray()];
        var row = rows.ShouldHaveSingleItem();
        row.GetProperty("key").GetString().ShouldBe(token.Key);
        row.GetProperty("model").GetString().ShouldBe("stub");
        row.GetProperty("jobs").GetInt32().ShouldBe(1);
        row.GetProperty("succeeded").GetInt32().ShouldBe(1);
        row.GetProperty("video_seconds").GetDouble().ShouldBe(job.GetProperty("result").GetProperty("seconds").GetDouble(), 0.001);
        row.GetProperty("bytes_out").GetInt64().ShouldBe(job.GetProperty("result").GetProperty("bytes").GetInt64());
        row.GetProperty("bytes_in").GetInt64().ShouldBe(Samples.Picture.Length + Samples.VoiceOfASecond.Length);
        string[] lines = (await token.Http.GetStringAsync("/v1/usage?format=csv", Soon)).Split("\r\n");
        lines[0].ShouldStartWith("period,key,name,model,jobs");
        lines[1].ShouldContain($",{token.Key},\"'=1+1,\"\"x\"\"\",stub,1,1,0,0,");
        using (var all = await token.Http.GetAsync("/v1/usage?all", Soon))
            all.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await shared.Client.GetJsonAsync("/v1/usage?all")).GetProperty("rows").EnumerateArray()
            .ShouldContain(other => other.GetProperty("key").GetString() == token.Key);
        foreach (string query in new[] { "from=yesterday", "by=hour", "format=xml", "from=2027-01-01&to=2026-01-01" })
        {
            using var wrong = await token.Http.GetAsync("/v1/usage?" + query, Soon);
            wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest, query);
        }
        await Task.Delay(TimeSpan.FromSeconds(1.1), Soon); // The service looks at the usage once in a second.
        using var over = await token.UploadAsync(Samples.Picture, Samples.VoiceOfASecond);
        over.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests, "the voice is longer than the quota of half a second");
        (await TokenClient.ReadAsync(over)).GetProperty("code").GetString().ShouldBe("quota_exceeded");
        over.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromDays(31));
    }

    [Fact]
    public void A_waiting_job_names_the_worker_that_is_missing()
    {
        WorkerOffer[] offers = [new(["sketch"], 24), new(["film"], 16)];
        JobViews.WaitsFor(new JobNeeds("sketch", 24), offers).ShouldBeNull();
        JobViews.WaitsFor(new JobNeeds(null, 0), []).ShouldBeNull();
        JobViews.WaitsFor(new JobNeeds("opera", 0), offers)!.ShouldContain("the model opera");
        JobViews.WaitsFor(new JobNeeds("sketch", 80), offers)!.ShouldContain("80 GiB");
        JobViews.WaitsFor(new JobNeeds("film", 24), offers)!.ShouldContain("both the model film and 24 GiB");
    }
}
