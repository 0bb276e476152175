using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>A client that sends a token's two headers.</summary>
public sealed class TokenClient : IDisposable
{
    public TokenClient(string url, string key, string secret)
    {
        (Key, Secret) = (key, secret);
        Http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, MaxConnectionsPerServer = 512 })
        { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(100) };
        Http.DefaultRequestHeaders.Add("Modal-Key", key);
        Http.DefaultRequestHeaders.Add("Modal-Secret", secret);
    }

    public string Key { get; }

    public string Secret { get; }

    public HttpClient Http { get; }

    public void Dispose() => Http.Dispose();

    public async Task<JsonElement> GetJsonAsync(string path) => await ReadAsync(await Http.GetAsync(path));

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    /// <summary>Uploads a form with a picture and a voice; the answer as it came.</summary>
    public Task<HttpResponseMessage> UploadAsync(byte[] image, byte[] audio, params (string Name, string Value)[] fields) =>
        Http.PostAsync("/v1/jobs", Form(image, audio, fields));

    public static MultipartFormDataContent Form(byte[] image, byte[] audio, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent();
        form.Add(File(image), "image", "portrait.png");
        form.Add(File(audio), "audio", "voice.wav");
        foreach (var (name, value) in fields)
            form.Add(new StringContent(value), name);
        return form;
    }

    /// <summary>Uploads and expects the job to be accepted.</summary>
    public async Task<string> SubmitAsync(byte[] image, byte[] audio, params (string Name, string Value)[] fields)
    {
        using var response = await UploadAsync(image, audio, fields);
        var job = await ReadAsync(response);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, job.ToString());
        return job.GetProperty("id").GetString()!;
    }

    public Task<HttpResponseMessage> PostJsonAsync(string path, object body) =>
        Http.PostAsync(path, new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));

    /// <summary>Waits until a job is over.</summary>
    public Task<JsonElement> EndAsync(string id, double seconds = 180) =>
        UntilAsync(id, job => job.GetProperty("status").GetString() is not ("queued" or "running"), seconds);

    /// <summary>Asks for a job until a condition holds. As a client should, it asks again after an answer 503.</summary>
    public async Task<JsonElement> UntilAsync(string id, Func<JsonElement, bool> condition, double seconds = 180)
    {
        var clock = Stopwatch.StartNew();
        for (int pause = 50; ; pause = Math.Min(pause + 5, 200)) // more often at first: most conditions hold soon
        {
            using var answer = await Http.GetAsync($"/v1/jobs/{id}");
            var job = await ReadAsync(answer);
            answer.StatusCode.ShouldBeOneOf([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable], job.ToString());
            if (answer.IsSuccessStatusCode && condition(job))
                return job;
            if (clock.Elapsed.TotalSeconds > seconds)
                throw new TimeoutException($"after {seconds} s the job is {job}");
            await Task.Delay(pause);
        }
    }

    /// <summary>The process of the worker that has this job, or of any.</summary>
    public async Task<int> WorkerOfAsync(string? job = null) =>
        (await UntilWorkerAsync(worker => job is null || (worker.TryGetProperty("job", out var has) && has.GetString() == job)))
            .GetProperty("process").GetInt32();

    /// <summary>Waits for a worker that meets a condition.</summary>
    public async Task<JsonElement> UntilWorkerAsync(Func<JsonElement, bool> condition) =>
        (await UntilWorkersAsync(workers => workers.Any(condition), seconds: 120)).First(condition);

    /// <summary>Waits until so many workers are idle. Returns their processes.</summary>
    public async Task<int[]> IdleWorkersAsync(int count)
    {
        static bool IsIdle(JsonElement worker) => worker.GetProperty("state").GetString() == "idle";
        var workers = await UntilWorkersAsync(workers => workers.Count(IsIdle) == count, seconds: 60);
        return [.. workers.Where(IsIdle).Select(worker => worker.GetProperty("process").GetInt32())];
    }

    private async Task<JsonElement[]> UntilWorkersAsync(Func<JsonElement[], bool> condition, double seconds)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            JsonElement[] workers = [.. (await GetJsonAsync("/v1/workers")).GetProperty("workers").EnumerateArray()];
            if (condition(workers))
                return workers;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(seconds), $"no workers as expected: {string.Join(", ", workers)}");
        }
    }

    private static ByteArrayContent File(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return content;
    }
}
