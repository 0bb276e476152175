using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>
/// Long voices whose parts are made by several workers. The stub draws a red bar that grows over the whole video into each part, so that a
/// part in the wrong place is noticed.
/// </summary>
public sealed class PartsTests
{
    private const int Seconds = 44, Frames = 25 * Seconds, Width = 320;

    private static readonly Lazy<byte[]> LazyPicture = new(
        () => Samples.Make("png", "-f", "lavfi", "-i", "color=blue:size=200x200", "-frames:v", "1"));

    // 10.4 s of noise and 0.6 s of silence, four times
    private static readonly Lazy<byte[]> LazyVoice = new(() => Samples.Make(
        "wav", "-f", "lavfi", "-i", $"anoisesrc=seed=7:duration={Seconds}:sample_rate=16000,volume=0:enable='gt(mod(t,11),10.4)'"));

    [Fact]
    public async Task Killed_workers_of_the_video_and_of_a_part_cost_neither_frames_nor_a_second_video()
    {
        await using var service = await ServiceProcess.StartAsync("--set", "stub_seconds=16", "--set", "workers=cpu,cpu,cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(LazyPicture.Value, LazyVoice.Value, ("parts", "4"));
        var busy = await BusyAsync(client, 3);
        busy.ShouldContainKey(id);
        string child = busy.Keys.First(job => job != id);
        Kill(busy[child]);
        Kill(busy[id]);
        using (var hidden = await client.Http.GetAsync($"/v1/jobs/{child}"))
            ((int)hidden.StatusCode).ShouldBe(404);
        var done = await client.EndAsync(id, 240);
        done.GetProperty("status").GetString().ShouldBe("succeeded", done.ToString() + service.Log);
        done.GetProperty("attempt").GetInt32().ShouldBe(2);
        (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs").EnumerateArray()
            .Select(job => job.GetProperty("id").GetString()).ShouldBe([id]);
        await CheckAsync(client, done);
        Directory.GetDirectories(Path.Combine(service.Data, "results")).Select(Path.GetFileName).ShouldBe([id], "parts leave nothing");
    }

    [Fact]
    public async Task Two_workers_make_four_parts_and_a_cancel_ends_all_of_them()
    {
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=6", "--set", "workers=cpu,cpu");
        using var client = service.CreateClient(TokenScopes.All);
        string id = await client.SubmitAsync(LazyPicture.Value, LazyVoice.Value, ("parts", "4"));
        var seen = new List<double>();
        var done = await client.UntilAsync(id, Note, 240);
        done.GetProperty("status").GetString().ShouldBe("succeeded", done.ToString() + service.Log);
        seen.ShouldBeInOrder();
        seen.ShouldContain(percent => percent > 30 && percent < 90);
        await CheckAsync(client, done);

        await service.StopAsync();
        await using var slow = await LocalService.TakeOverAsync(service, "--set", "stub_seconds=600");
        string endless = await client.SubmitAsync(LazyPicture.Value, LazyVoice.Value, ("parts", "4"));
        await BusyAsync(client, 2);
        using (var canceled = await client.Http.PostAsync($"/v1/jobs/{endless}/cancel", null))
            canceled.EnsureSuccessStatusCode();
        await BusyAsync(client, 0);

        // Without a number of parts, a voice of 2 min and more is divided among the idle workers.
        byte[] speech = Samples.Make("wav", "-f", "lavfi", "-i", "anoisesrc=seed=7:duration=121:sample_rate=16000");
        (await PartsAsync(LazyVoice.Value)).ShouldBeNull("a short voice");
        await BusyAsync(client, 0);
        (await PartsAsync(speech, ("parts", "1"))).ShouldBeNull("the request says 1");
        await BusyAsync(client, 0);
        (await PartsAsync(speech)).ShouldBe(2);

        async Task<int?> PartsAsync(byte[] voice, params (string, string)[] fields)
        {
            string job = await client.SubmitAsync(LazyPicture.Value, voice, fields);
            var view = await client.GetJsonAsync($"/v1/jobs/{job}");
            using var canceled = await client.Http.PostAsync($"/v1/jobs/{job}/cancel", null);
            canceled.EnsureSuccessStatusCode();
            return view.TryGetProperty("parts", out var parts) && parts.ValueKind is JsonValueKind.Number ? parts.GetInt32() : null;
        }

        bool Note(JsonElement job)
        {
            if (job.GetProperty("progress").TryGetProperty("percent", out var percent)) seen.Add(percent.GetDouble());
            return job.GetProperty("status").GetString() is not ("queued" or "running");
        }
    }

    /// <summary>Waits until so many workers have a job. Returns the processes of the workers by job.</summary>
    private static async Task<Dictionary<string, int>> BusyAsync(TokenClient client, int count)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var workers = (await client.GetJsonAsync("/v1/workers")).GetProperty("workers").EnumerateArray()
                .Where(worker => worker.TryGetProperty("job", out var job) && job.ValueKind is JsonValueKind.String)
                .ToDictionary(worker => worker.GetProperty("job").GetString()!, worker => worker.GetProperty("process").GetInt32());
            if (workers.Count == count) return workers;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120), $"{workers.Count} workers are busy, expected {count}");
        }
    }

    private static void Kill(int worker)
    {
        using var process = Process.GetProcessById(worker);
        process.Kill();
    }

    /// <summary>Checks that every frame is at its place, and that the sound is whole.</summary>
    private static async Task CheckAsync(TokenClient client, JsonElement job)
    {
        string file = Path.GetTempFileName();
        try
        {
            var result = job.GetProperty("result");
            await File.WriteAllBytesAsync(file, await client.Http.GetByteArrayAsync(result.GetProperty("video").GetString()));
            result.GetProperty("seconds").GetDouble().ShouldBe(Seconds, 0.05);
            byte[] row = Samples.Make("rgb", "-i", file, "-vf", "crop=320:2:0:16,scale=320:1", "-f", "rawvideo", "-pix_fmt", "rgb24");
            row.Length.ShouldBe(3 * Width * Frames);
            for (int frame = 0; frame < Frames; frame++)
            {
                int bar = Enumerable.Range(0, Width).TakeWhile(x => row[3 * (frame * Width + x)] > 128).Count();
                bar.ShouldBeInRange(Width * frame / Frames - 3, Width * frame / Frames + 3, $"frame {frame}");
            }
            string sound = Encoding.ASCII.GetString(Samples.Make("csv", "-i", file, "-map", "0:a", "-f", "framecrc"));
            long end = sound.Split('\n').Where(line => line.StartsWith("0,", StringComparison.Ordinal)).Select(line => line.Split(','))
                .Max(packet => long.Parse(packet[2], CultureInfo.InvariantCulture) + long.Parse(packet[3], CultureInfo.InvariantCulture));
            (end / 48000.0).ShouldBe(Seconds, 0.1);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
