using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The page's player of a job that still runs.</summary>
public sealed partial class PageTests
{
    private const double Seconds = 6;

    private const string Watch = """
        async id => {
          const { LivePlayer } = await import('/js/live.js');
          const player = window.player = new LivePlayer({ live: `/v1/jobs/${id}/live.m3u8` }, 6);
          player.video.muted = true;
          player.video.playbackRate = 3;
          player.video.width = 16; // each drawn frame costs CPU time, and nothing here depends on its size
          document.body.append(player.video);
        }
        """;

    /// <summary>
    /// Follows a finished job where a proxy answers instead of the stream of events, and then in the background. Gives the state that
    /// arrives all the same, and how many streams were opened.
    /// </summary>
    private const string FollowWithoutEvents = """
        async id => {
          const { follow } = await import('/js/api.js');
          const wait = setTimeout;
          let opened = 0;
          window.setTimeout = act => wait(act, 0);
          window.EventSource = class extends EventTarget {
            static CLOSED = 2;
            readyState = 2;
            constructor() {
              super();
              opened++;
              wait(() => this.dispatchEvent(new Event('error')), 0);
            }
            close() { }
          };
          const status = () => new Promise(done => follow(id, job => done(job.status)));
          const seen = [`${await status()} ${opened}`];
          opened = 0;
          Object.defineProperty(document, 'hidden', { get: () => true });
          return [...seen, `${await status()} ${opened}`];
        }
        """;

    [Fact]
    public async Task Players_that_connect_early_late_or_twice_see_the_whole_video_although_its_worker_is_killed()
    {
        await using var service = await ServiceProcess.StartRealAsync("--no-auth", "--set", "model=untrained");
        using var client = new TokenClient(service.Url, "-", "-");
        string id = await client.SubmitAsync(Samples.Picture, Samples.Voice(Seconds), ("steps", "2"), ("seed", "5"));
        var worker = await HeldWorker.HoldAsync(client, id, () => File.Exists(Path.Combine(service.Data, "results", id, "live-1.json")));
        string first = await client.Http.GetStringAsync($"/v1/jobs/{id}/live.m3u8");
        first.ShouldNotContain("#EXT-X-ENDLIST");

        var early = await WatchAsync(service, id);
        var again = await WatchAsync(service, id);
        double ready = Durations(first);
        ready.ShouldBeLessThan(Seconds);
        foreach (var page in new[] { early, again })
            await UntilAsync(page, $"() => player.video.currentTime > {(ready - 0.3).ToString(CultureInfo.InvariantCulture)}");
        (await early.EvaluateAsync<bool>("() => player.video.ended")).ShouldBeFalse();
        (await early.EvaluateAsync<double>("() => player.video.duration")).ShouldBe(Seconds, 0.1, "the bar shows what is still to come");

        await again.Context.SetOfflineAsync(true);
        await worker.KillAsync();
        await client.UntilAsync(
            id, job => job.GetProperty("attempt").GetInt32() == 2 && job.GetProperty("status").GetString() == "running");
        var next = await HeldWorker.HoldRunningAsync(client, id); // so that the late player sees a running job
        var late = await WatchAsync(service, id);
        await UntilAsync(late, "() => player.video.currentTime > 0");
        await next.ContinueAsync();
        var end = await client.EndAsync(id, 240);
        end.GetProperty("status").GetString().ShouldBe("succeeded", end.ToString());
        await again.Context.SetOfflineAsync(false);

        foreach (var page in new[] { early, late, again })
        {
            await UntilAsync(page, "() => player.video.ended");
            (await page.EvaluateAsync<double>("() => player.video.currentTime")).ShouldBe(Seconds, 0.1);
            (await page.EvaluateAsync<double[]>("() => [player.video.buffered.length, player.video.buffered.start(0)]"))
                .ShouldBe([1, 0], "there is no gap");
        }
        complaints.Where(complaint => !complaint.Contains("ERR_INTERNET_DISCONNECTED", StringComparison.Ordinal)).ShouldBeEmpty();

        string last = await client.Http.GetStringAsync($"/v1/jobs/{id}/live.m3u8");
        last.ShouldEndWith("#EXT-X-ENDLIST\n");
        last.ShouldStartWith(first, customMessage: "the list of the killed worker goes on");
        last.ShouldContain("live/2-");
        last.ShouldNotContain("DISCONTINUITY");
        Durations(last).ShouldBe(Seconds, 0.001);
    }

    [Fact]
    public async Task The_vendored_player_is_the_documented_one()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        using var client = new TokenClient(service.Url, "-", "-");
        using var script = await client.Http.GetAsync("/vendor/hls/hls.light.min.mjs");
        script.Content.Headers.ContentType!.MediaType.ShouldBe("text/javascript");
        string folder = Path.Combine(AppContext.BaseDirectory, "locutor-page", "vendor", "hls");
        string about = await File.ReadAllTextAsync(Path.Combine(folder, "README.md"));
        about.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(await script.Content.ReadAsByteArrayAsync())));
        (await File.ReadAllTextAsync(Path.Combine(folder, "LICENSE"))).ShouldContain("Apache License, Version 2.0");
    }

    /// <summary>Waits for the first job of a service and returns its id.</summary>
    private static async Task<string> FirstJobAsync(TokenClient client)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var jobs = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs");
            if (jobs.GetArrayLength() > 0) return jobs[jobs.GetArrayLength() - 1].GetProperty("id").GetString()!;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "no job was submitted");
        }
    }

    /// <summary>Mean absolute change of a pixel (0 to 255) between consecutive frames of the newest video.</summary>
    private static async Task<double> MovementAsync(ServiceProcess service)
    {
        using var client = new TokenClient(service.Url, "-", "-");
        var job = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs")[0];
        string file = Path.Combine(service.Data, "seen.mp4");
        await File.WriteAllBytesAsync(
            file, await client.Http.GetByteArrayAsync(job.GetProperty("result").GetProperty("video").GetString()));
        byte[] frames = Samples.Make("gray", "-i", file, "-vf", "scale=64:64,format=gray", "-f", "rawvideo");
        double sum = 0;
        for (int i = 64 * 64; i < frames.Length; i++)
            sum += Math.Abs(frames[i] - frames[i - 64 * 64]);
        return sum / (frames.Length - 64 * 64);
    }

    private async Task<IPage> WatchAsync(ServiceProcess service, string id)
    {
        var page = await OpenAsync(service.Url, 800, 600);
        await page.EvaluateAsync(Watch, id);
        return page;
    }

    private static double Durations(string playlist) =>
        playlist.Split('\n').Where(line => line.StartsWith("#EXTINF:", StringComparison.Ordinal))
            .Sum(line => double.Parse(line.AsSpan(8).TrimEnd(','), CultureInfo.InvariantCulture));

    /// <summary>
    /// Lets a worker finish the video that is shown live, slowly: a video that was seen to its end would start anew when it is finished.
    /// </summary>
    private static async Task ContinueAsync(IPage page, HeldWorker worker)
    {
        await page.EvaluateAsync("document.querySelector('.screen.live video').playbackRate = 0.1");
        await worker.ContinueAsync();
    }
}
