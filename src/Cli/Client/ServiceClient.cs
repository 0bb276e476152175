using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Locutor.Files;

namespace Locutor.Cli.Client;

/// <summary>
/// The HTTP client of the commands that use a service. A request is repeated while the service is busy or does not answer for a moment. A
/// submission has a key, so that a repetition creates no second job.
/// </summary>
internal sealed class ServiceClient : IDisposable
{
    private const int MostTries = 5, MostTriesOnceKnown = 60;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(20);

    private readonly HttpClient http;
    private readonly Uri server;
    private bool isKnown; // The service has answered once, so it is not the address that is wrong: it may be starting again.

    /// <summary>Creates a client.</summary>
    /// <param name="server">Address of the service.</param>
    /// <param name="token">The token as KEY.SECRET; null for a service without tokens.</param>
    /// <exception cref="CommandException">The address is not an HTTP address.</exception>
    public ServiceClient(string server, string? token)
    {
        if (!Uri.TryCreate(server.TrimEnd('/') + "/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CommandException(ExitCodes.Usage, $"--server: expected an address such as http://127.0.0.1:8080, found '{server}'");
        this.server = address;
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Submits a job.</summary>
    /// <param name="form">Creates the form; called for each attempt.</param>
    /// <param name="cancellationToken">Stops the submission.</param>
    public Task<RemoteJob> SubmitAsync(Func<MultipartFormDataContent> form, CancellationToken cancellationToken) =>
        AcceptedAsync("v1/jobs", form, cancellationToken);

    /// <summary>Submits a job again with its stored inputs and its fields.</summary>
    /// <param name="id">The job to repeat.</param>
    /// <param name="seed">The seed of the new job; null chooses a new one, so that the video is a variation.</param>
    /// <param name="cancellationToken">Stops the submission.</param>
    public Task<RemoteJob> AgainAsync(string id, long? seed, CancellationToken cancellationToken) =>
        AcceptedAsync($"{PathOf(id)}/again" + (seed is null ? "" : $"?seed={seed}"), () => null, cancellationToken);

    /// <summary>Cancels a job and returns it. A job that has ended does not change.</summary>
    public async Task<RemoteJob> CancelAsync(string id, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Post, $"{PathOf(id)}/cancel"), cancellationToken);
        return new RemoteJob(await JsonAsync(response, cancellationToken));
    }

    /// <summary>Deletes a job with its files. A job that has not ended is canceled first.</summary>
    public async Task DeleteAsync(string id, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Delete, PathOf(id)), cancellationToken);
    }

    /// <summary>Returns a job.</summary>
    public async Task<RemoteJob> FindAsync(string id, CancellationToken cancellationToken) =>
        new(await GetAsync(PathOf(id), cancellationToken));

    /// <summary>Returns the newest jobs.</summary>
    public async Task<IReadOnlyList<RemoteJob>> ListAsync(int limit, string? status, CancellationToken cancellationToken)
    {
        string query = $"v1/jobs?limit={limit}" + (status is null ? "" : $"&status={Uri.EscapeDataString(status)}");
        var list = await GetAsync(query, cancellationToken);
        return [.. list.GetProperty("jobs").EnumerateArray().Select(job => new RemoteJob(job))];
    }

    /// <summary>Downloads the video of a job; waits while it is converted to another format.</summary>
    /// <returns>The number of bytes.</returns>
    public async Task<long> DownloadAsync(string id, string? format, string path, CancellationToken cancellationToken)
    {
        string address = $"{PathOf(id)}/video" + (format is null ? "" : $"?format={Uri.EscapeDataString(format)}");
        for (; ; )
        {
            using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellationToken);
            if (response.StatusCode == HttpStatusCode.Accepted)
            {
                await Task.Delay(PauseOf(response), cancellationToken);
                continue;
            }

            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            if (path == "-")
            {
                await using var standard = StandardOutputStream.Open();
                await CopyAsync(body, standard, path, cancellationToken);
                return response.Content.Headers.ContentLength ?? 0;
            }

            using var file = AtomicFile.Create(path);
            await using (var stream = file.Open()) await CopyAsync(body, stream, path, cancellationToken);
            long bytes = new FileInfo(file.Path).Length;
            if (response.Content.Headers.ContentLength is { } expected && expected != bytes)
                throw new CommandException(ExitCodes.BadInput, $"{server}: expected {expected} bytes, received {bytes}; download it again");
            file.Commit();
            return bytes;
        }
    }

    public void Dispose() => http.Dispose();

    private static string PathOf(string id) => $"v1/jobs/{Uri.EscapeDataString(id)}";

    /// <summary>Copies a video to an output. A failure of the download stays what it is.</summary>
    /// <exception cref="CommandException">The disk is full, or nobody reads standard output any more.</exception>
    private static async Task CopyAsync(Stream body, Stream output, string path, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        int read;
        do
        {
            read = await body.ReadAsync(buffer, cancellationToken);
            try
            {
                if (read > 0) await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                else await output.FlushAsync(cancellationToken);
            }
            catch (IOException failure)
            {
                throw WritablePath.Refused(path, FileFault.Describe(failure));
            }
        }
        while (read > 0);
    }

    /// <summary>Sends a submission. All attempts have one key, so that the service accepts one job.</summary>
    private async Task<RemoteJob> AcceptedAsync(string address, Func<HttpContent?> content, CancellationToken cancellationToken)
    {
        string key = Guid.NewGuid().ToString("N");
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, address) { Content = content(), Headers = { { "Idempotency-Key", key } } },
            cancellationToken);
        return new RemoteJob(await JsonAsync(response, cancellationToken));
    }

    private async Task<JsonElement> GetAsync(string address, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellationToken);
        return await JsonAsync(response, cancellationToken);
    }

    /// <summary>Sends a request and repeats it after failures that may be temporary.</summary>
    /// <exception cref="CommandException">The service refused the request, or cannot be reached.</exception>
    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using var message = request();
                var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                isKnown = true;
                if (response.IsSuccessStatusCode) return response;
                using (response)
                {
                    bool busy = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;
                    if (!busy || attempt >= MostTries) throw await ServiceProblem.ReadAsync(response, server, cancellationToken);
                    await Task.Delay(PauseOf(response), cancellationToken);
                }
            }
            catch (HttpRequestException away) when (attempt >= (isKnown ? MostTriesOnceKnown : MostTries)
                || (away.HttpRequestError == HttpRequestError.NameResolutionError && !isKnown))
            {
                throw new CommandException(
                    ExitCodes.Missing, $"no service answers at {server} ({away.Message}); 'locutor serve' starts one", away);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }

    private static TimeSpan PauseOf(HttpResponseMessage response) =>
        response.Headers.RetryAfter?.Delta is { } wanted ? wanted < LongestPause ? wanted : LongestPause : Pause;

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var json = await JsonDocument.ParseAsync(body, default, cancellationToken);
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw new CommandException(ExitCodes.Usage, $"{response.RequestMessage!.RequestUri}: the answer is not from a Locutor service");
        }
    }
}
