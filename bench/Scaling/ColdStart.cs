using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Locutor.Jobs.Hosting;

namespace Locutor.Scaling.Bench;

/// <summary>
/// Measures the time from zero workers to the first video: a service without workers has one job, then a worker is started, and each step
/// until the video is finished is timed. A worker process stands in for a container.
/// </summary>
internal sealed class ColdStart(string program, string model, string device, string picture, string voice) : IDisposable
{
    private readonly string data = Directory.CreateTempSubdirectory("locutor-cold-start-").FullName;
    private readonly List<Process> processes = [];
    private readonly List<(string Step, double Seconds)> steps = [];
    private readonly HttpClient client = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Take()}") };

    public async Task RunAsync()
    {
        int gateway = FreePort.Take();
        Start(
            "serve", "--data", data, "--urls", client.BaseAddress!.ToString(), "--workers", "none", "--no-auth", "--set",
            $"gateway_port={gateway}");
        await UntilAsync(async () => (await client.GetAsync("/readyz")).IsSuccessStatusCode);
        string id = await SubmitAsync();
        var clock = Stopwatch.StartNew();
        Start("worker", "--data", data, "--gateway", $"127.0.0.1:{gateway}", "--device", device, "--model", model, "--models", model);
        await WatchAsync(id, clock);
        double before = 0;
        Console.WriteLine($"| {model} on {device} | after | took |\n|---|---|---|");
        foreach (var (step, seconds) in steps)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {step} | {seconds:F2} s | {seconds - before:F2} s |"));
            before = seconds;
        }
    }

    public void Dispose()
    {
        foreach (var process in processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        client.Dispose();
        Directory.Delete(data, recursive: true);
    }

    private async Task<string> SubmitAsync()
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(await File.ReadAllBytesAsync(picture)), "image", Path.GetFileName(picture) },
            { new ByteArrayContent(await File.ReadAllBytesAsync(voice)), "audio", Path.GetFileName(voice) },
            { new StringContent(model), "model" },
        };
        using var response = await client.PostAsync("/v1/jobs", form);
        string text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement.GetProperty("id").GetString()!
            : throw new InvalidOperationException($"the job was refused: {text}");
    }

    private async Task WatchAsync(string id, Stopwatch clock)
    {
        await UntilAsync(async () => (await WorkersAsync()).GetArrayLength() > 0);
        Note("the worker is registered", clock);
        await UntilAsync(async () => (await WorkersAsync())[0].GetProperty("state").GetString() != "starting");
        Note("its networks are loaded", clock);
        var job = await UntilAsync(id, job => job.TryGetProperty("stage", out var stage) && stage.GetString() == "denoising");
        Note("the job's inputs are encoded", clock);
        if (job.GetProperty("status").GetString() == "running")
        {
            await UntilAsync(id, job => job.GetProperty("progress").TryGetProperty("live_seconds", out var live) && live.GetDouble() > 0);
            Note("the first clip can be watched", clock);
        }
        job = await UntilAsync(id, job => job.GetProperty("status").GetString() is not ("queued" or "running"));
        if (job.GetProperty("status").GetString() != "succeeded")
            throw new InvalidOperationException($"the job did not succeed: {job}");
        var result = job.GetProperty("result");
        Note($"the video of {result.GetProperty("seconds")} s is finished", clock);
    }

    private async Task<JsonElement> WorkersAsync() =>
        (await client.GetFromJsonAsync<JsonElement>("/v1/workers")).GetProperty("workers");

    /// <summary>Waits for a state of the job, or for its end.</summary>
    private async Task<JsonElement> UntilAsync(string id, Func<JsonElement, bool> reached)
    {
        JsonElement job = default;
        await UntilAsync(async () =>
        {
            job = await client.GetFromJsonAsync<JsonElement>($"/v1/jobs/{id}");
            return reached(job) || job.GetProperty("status").GetString() is not ("queued" or "running");
        });
        return job;
    }

    private async Task UntilAsync(Func<Task<bool>> reached)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromMinutes(10); await Task.Delay(20))
        {
            if (processes.Find(process => process.HasExited) is { } ended)
                throw new InvalidOperationException($"{program} ended with code {ended.ExitCode}");
            try
            {
                if (await reached())
                    return;
            }
            catch (HttpRequestException)
            {
                // The service is starting.
            }
        }
        throw new TimeoutException("nothing changed for 10 minutes");
    }

    private void Note(string step, Stopwatch clock) => steps.Add((step, clock.Elapsed.TotalSeconds));

    private void Start(params string[] arguments) => processes.Add(Process.Start(new ProcessStartInfo(program, arguments))!);
}
