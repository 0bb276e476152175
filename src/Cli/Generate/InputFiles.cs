namespace Locutor.Cli.Generate;

/// <summary>Inputs as local files: paths as they are, addresses fetched into a folder that is deleted at the end.</summary>
internal sealed class InputFiles : IAsyncDisposable
{
    private const long LargestFile = 2L << 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient http = new(new SocketsHttpHandler { MaxAutomaticRedirections = 5, ConnectTimeout = Patience }) { Timeout = Timeout.InfiniteTimeSpan };
    private string? folder;
    private int fetched;

    public async Task<IReadOnlyList<string>> LocalAsync(IReadOnlyList<string> inputs, CancellationToken ct)
    {
        var local = new List<string>();
        foreach (string input in inputs) local.Add(await LocalAsync(input, ct));
        return local;
    }

    /// <exception cref="CommandException">Not there, or not to be had.</exception>
    public async Task<string> LocalAsync(string input, CancellationToken ct)
    {
        if (Uri.TryCreate(input, UriKind.Absolute, out var address) && address.Scheme is "http" or "https") return await FetchAsync(address!, ct);
        if (File.Exists(input)) return input;
        throw new CommandException(ExitCodes.BadInput, Directory.Exists(input) ? $"{input} is a folder, expected a file" : $"{input}: no such file");
    }

    private async Task<string> FetchAsync(Uri address, CancellationToken ct)
    {
        folder ??= Directory.CreateTempSubdirectory("locutor-").FullName;
        string path = Path.Combine(folder, $"input{++fetched}");
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            stalled.CancelAfter(Patience);
            using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, stalled.Token);
            response.EnsureSuccessStatusCode();
            await using var body = await response.Content.ReadAsStreamAsync(stalled.Token);
            await using var file = File.Create(path);
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = await body.ReadAsync(buffer, stalled.Token)) > 0; stalled.CancelAfter(Patience))
            {
                if (file.Length + read > LargestFile) throw new CommandException(ExitCodes.BadInput, $"{address}: larger than {LargestFile >> 20} MiB");
                await file.WriteAsync(buffer.AsMemory(0, read), stalled.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new CommandException(ExitCodes.BadInput, $"{address}: no answer for {Patience.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new CommandException(ExitCodes.BadInput, $"{address}: {failure.Message}");
        }

        return path;
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        if (folder is not null) Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
