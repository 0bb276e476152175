using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>The real generator behind the real service, with the small networks that need no files.</summary>
[Collection(Alone.Name)]
public sealed class RealGeneratorTests(RealGeneratorTests.UntrainedService untrained)
    : IClassFixture<RealGeneratorTests.UntrainedService>
{
    private readonly ServiceProcess service = untrained.Service;

    [Fact]
    public async Task A_job_that_crashed_resumes_from_its_last_clip_and_gives_the_frames_of_an_undisturbed_run()
    {
        using var client = service.CreateClient(TokenScopes.All);
        // On a fast machine all clips could be finished before the kill; then a longer voice is needed.
        for (double seconds = 2.8; ; seconds *= 3)
        {
            byte[] voice = Samples.Voice(seconds);
            int worker = await client.WorkerOfAsync();
            string crashed = await client.SubmitAsync(Samples.Picture, voice, ("steps", "1"), ("seed", "11"));
            await KillAfterFirstClipAsync(service, worker, crashed);
            var second = await ResumedAsync(client, crashed);
            second.GetProperty("status").GetString().ShouldBe("succeeded", second.ToString());
            if (second.GetProperty("attempt").GetInt32() == 1 && seconds < 60)
                continue;
            second.GetProperty("attempt").GetInt32().ShouldBe(2);
            second.GetProperty("notice").GetString()!.ShouldContain("random");
            second.GetProperty("result").GetProperty("seconds").GetDouble().ShouldBe(seconds, 0.04);

            string undisturbed = await client.SubmitAsync(Samples.Picture, voice, ("steps", "1"), ("seed", "11"));
            var first = await client.EndAsync(undisturbed, 120);
            first.GetProperty("status").GetString().ShouldBe("succeeded", first.ToString());
            Samples.HashOfFrames(await client.Http.GetByteArrayAsync($"/v1/jobs/{crashed}/video"))
                .ShouldBe(Samples.HashOfFrames(await client.Http.GetByteArrayAsync($"/v1/jobs/{undisturbed}/video")));
            return;
        }
    }

    [Fact]
    public async Task One_worker_makes_both_parts_of_a_long_voice_with_captions_and_the_whole_sound()
    {
        using var client = service.CreateClient(TokenScopes.All);
        byte[] voice = Samples.Make(
            "wav", "-f", "lavfi", "-i", "anoisesrc=seed=7:duration=21.5:sample_rate=16000,volume=0:enable='between(t,10.4,11)'");
        string id = await client.SubmitAsync(
            Samples.Picture, voice, ("steps", "1"), ("parts", "2"), ("captions", "embedded"),
            ("transcript", "The first half. The second."));
        var job = await client.EndAsync(id, 240);
        job.GetProperty("status").GetString().ShouldBe("succeeded", job.ToString());
        job.GetProperty("notice").GetString()!.ShouldContain("random");
        job.GetProperty("result").GetProperty("seconds").GetDouble().ShouldBe(21.5, 0.04);
        string file = Path.Combine(service.Data, "results", id, "video-1.mp4");
        byte[] hashes = Samples.Make("txt", "-i", file, "-map", "0", "-c", "copy", "-f", "streamhash");
        Encoding.ASCII.GetString(hashes).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(',')[1]).ShouldBe(["v", "a", "s"]);
        byte[] frames = Samples.Make("rgb", "-i", file, "-map", "0:v", "-vf", "scale=16:16", "-f", "rawvideo", "-pix_fmt", "rgb24");
        frames.Length.ShouldBe(3 * 16 * 16 * 538);
        string playlist = await client.Http.GetStringAsync($"/v1/jobs/{id}/live.m3u8");
        playlist.ShouldContain("#EXT-X-ENDLIST");
        double[] segments =
            [.. playlist.Split("#EXTINF:").Skip(1).Select(line => double.Parse(line.Split(',')[0], CultureInfo.InvariantCulture))];
        segments.Sum().ShouldBe(538 / 25.0, 0.01);
        segments[..2].ShouldBe([0.32, 2], "a part that is made here is listed in the pieces that its encoder completes");
        segments.Length.ShouldBe(15, "seven of each part and the frames that they share");
    }

    [Fact]
    public async Task A_worker_uses_the_memory_and_the_precision_of_the_services_settings()
    {
        using var client = service.CreateClient(TokenScopes.All);
        int worker = await client.WorkerOfAsync();
        string[] arguments = (await File.ReadAllTextAsync($"/proc/{worker}/cmdline", TestContext.Current.CancellationToken)).Split('\0');
        arguments[Array.IndexOf(arguments, "--vram-budget") + 1].ShouldBe("0.000001");
        arguments[Array.IndexOf(arguments, "--precision") + 1].ShouldBe("float32");
        var job = await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("steps", "1")), 120);
        job.GetProperty("status").GetString().ShouldBe("succeeded", job.ToString());
    }

    [Fact]
    public async Task A_result_that_is_not_finite_fails_the_job_and_keeps_the_worker()
    {
        // Convolutions are wrong and the self test is off, so only the check of the results notices it.
        var faulty = new Dictionary<string, string> { ["LOCUTOR_INJECTED_FAULT"] = "convolution", ["LOCUTOR_SELF_TEST"] = "0" };
        await using var wrong = await ServiceProcess.StartRealAsync(faulty, "--set", "model=untrained");
        using var client = wrong.CreateClient(TokenScopes.All);
        int worker = await client.WorkerOfAsync();
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("steps", "1"));
        var error = (await client.EndAsync(id, 120)).GetProperty("error");
        error.GetProperty("code").GetString().ShouldBe("not_finite", error.ToString());
        error.GetProperty("retryable").GetBoolean().ShouldBeFalse();
        error.GetProperty("message").GetString()!
            .ShouldStartWith("the video autoencoder gave numbers that are not finite at the encoding of clip 1");
        Directory.Exists(Path.Combine(wrong.Data, "results", id)).ShouldBeFalse();
        (await client.WorkerOfAsync()).ShouldBe(worker);
    }

    /// <summary>kill -9 of the worker as soon as the job's first clip is stored.</summary>
    private static async Task KillAfterFirstClipAsync(ServiceProcess service, int worker, string id)
    {
        string clip = Path.Combine(service.Data, "work", id, "clip-00000");
        string video = Path.Combine(service.Data, "results", id, "video-1.mp4");
        for (var clock = Stopwatch.StartNew(); !File.Exists(clip) && !File.Exists(video); await Task.Delay(2))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120), "no clip was stored");
        using var kill = Process.Start("kill", ["-KILL", worker.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>The job when it is over; no report of its second attempt may name a clip that the first one finished.</summary>
    private static Task<JsonElement> ResumedAsync(TokenClient client, string id) => client.UntilAsync(
        id,
        job =>
        {
            if (job.GetProperty("attempt").GetInt32() == 2 && job.GetProperty("progress").TryGetProperty("clip", out var clip)
                && clip.GetInt32() > 0)
            {
                clip.GetInt32().ShouldBeGreaterThanOrEqualTo(2, "finished clips are not made again");
            }

            return job.GetProperty("status").GetString() is not ("queued" or "running");
        },
        120);

    /// <summary>One service for the tests that need no settings of their own; its memory limit has no effect on a CPU.</summary>
    public sealed class UntrainedService : IAsyncLifetime
    {
        public ServiceProcess Service { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Service = await ServiceProcess.StartRealAsync(
            "--set", "model=untrained", "--vram-budget", "0.000001", "--precision", "float32");

        public ValueTask DisposeAsync() => Service.DisposeAsync();
    }
}
