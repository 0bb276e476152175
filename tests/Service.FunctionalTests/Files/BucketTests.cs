using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Files;

/// <summary>Inputs and results in an S3-compatible bucket.</summary>
public sealed class BucketTests
{
    [Fact]
    public async Task Inputs_and_results_live_in_the_bucket_and_nothing_is_left_in_the_data_folder()
    {
        await using var bucket = await BucketServer.StartAsync();
        await using var service = await ServiceProcess.StartAsync([.. bucket.Settings(), "--set", "stub_seconds=0.1"]);
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        var done = await client.EndAsync(id);
        done.GetProperty("status").GetString().ShouldBe("succeeded", done.ToString());
        bucket.Refused.ShouldBe(0);
        bucket.Objects.Keys.Order().ShouldBe(
            [
                $"some place/inputs/{id}/audio.wav", $"some place/inputs/{id}/image.png", $"some place/results/{id}/thumbnail-1.jpg",
                $"some place/results/{id}/video-1.mp4", "some place/store.id"
            ]);
        bucket.Objects[$"some place/inputs/{id}/image.png"].ShouldBe(Samples.Picture);
        foreach (string folder in new[] { "inputs", "results", "work", "aside" })
            await service.EmptiesAsync(folder);

        await FilesComeBackAsync(client, id, done);

        // The remains of a submission that a crash interrupted are removed at the next start, unless it may still be running.
        var (left, fresh) = ($"some place/inputs/{JobId.New()}/image.png", $"some place/inputs/{JobId.New()}/image.png");
        (bucket.Objects[left], bucket.Objects[fresh]) = (Samples.Picture, Samples.Picture);
        foreach (string? key in bucket.Objects.Keys.Where(key => key != fresh))
            bucket.Written[key] = DateTime.UtcNow.AddHours(-3);
        await service.KillAsync();
        await using var next = await LocalService.TakeOverAsync(service);
        for (var clock = Stopwatch.StartNew(); bucket.Objects.ContainsKey(left); await Task.Delay(20))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "what the crash left is still there");
        bucket.Objects.Count.ShouldBe(6);
        bucket.Objects.TryRemove(fresh, out _).ShouldBeTrue();

        (await client.Http.DeleteAsync($"/v1/jobs/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        bucket.Objects.Keys.ShouldBe(["some place/store.id"]);
    }

    /// <summary>The video comes whole, in part and as a head, and so does an input.</summary>
    private static async Task FilesComeBackAsync(TokenClient client, string id, JsonElement done)
    {
        byte[] video = await client.Http.GetByteArrayAsync($"/v1/jobs/{id}/video");
        Convert.ToHexStringLower(SHA256.HashData(video)).ShouldBe(done.GetProperty("result").GetProperty("sha256").GetString());
        using var part = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}/video")
        {
            Headers = { Range = new RangeHeaderValue(17, 1016) }
        };
        using var partial = await client.Http.SendAsync(part);
        partial.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await partial.Content.ReadAsByteArrayAsync()).ShouldBe(video[17..1017]);
        using var head = await client.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/?call_id={id}"));
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentLength.ShouldBe(video.Length);
        (await client.Http.GetByteArrayAsync($"/v1/jobs/{id}/inputs/image")).ShouldBe(Samples.Picture);
    }

    [Fact]
    public async Task A_large_file_goes_up_in_parts_and_comes_back_whole()
    {
        await using var bucket = await BucketServer.StartAsync();
        await using var service = await LocalService.StartAsync([.. bucket.Settings(), "--set", "workers=none"]);
        using var client = service.CreateClient(TokenScopes.All);
        var random = TestSeed.NewRandom();
        byte[] voice = Samples.FloatWav(48_000, Enumerable.Range(0, 4_600_000).Select(_ => random.NextSingle() / 2).ToArray()); // 18 MB
        string id = await client.SubmitAsync(Samples.Picture, voice);
        bucket.Refused.ShouldBe(0);
        bucket.Objects[$"some place/inputs/{id}/audio.wav"].AsSpan().SequenceEqual(voice).ShouldBeTrue();
        (await client.Http.GetByteArrayAsync($"/v1/jobs/{id}/inputs/audio")).AsSpan().SequenceEqual(voice).ShouldBeTrue();
    }

    [Fact]
    public async Task The_check_says_when_the_bucket_cannot_be_written()
    {
        await using var bucket = await BucketServer.StartAsync();
        await using var service = await LocalService.StartAsync("--set", "workers=none", "--no-auth");
        await service.StopAsync();
        var good = await service.CommandAsync(
            ["serve", "--check", "--no-auth", "--urls", service.Url, "--set", "adopt_store=true", .. bucket.Settings()]);
        good.Output.ShouldContain("ok       files       inputs and results are kept in the bucket videos");
        good.Code.ShouldBe(0, good.Output);
        bucket.Objects.ShouldBeEmpty();
        var bad = await service.CommandAsync(["serve", "--check", "--no-auth", .. bucket.Settings("another secret")]);
        bad.Output.ShouldContain("FAILURE  files       bucket videos: ");
        bad.Code.ShouldBe(5);
        bad.Output.ShouldNotContain("another secret");
        var shown = await service.CommandAsync(["serve", "--settings", .. bucket.Settings()]);
        shown.Output.ShouldContain("| `s3_secret_key` | `(set)` |");
        shown.Output.ShouldNotContain(BucketServer.SecretKey);
    }
}
