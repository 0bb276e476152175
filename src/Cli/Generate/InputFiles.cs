using Locutor.Files;
using Locutor.Generation.Conditioning;
using Locutor.Media;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Sound;

namespace Locutor.Cli.Generate;

/// <summary>
/// Provides the inputs as local files. Paths are used directly. URLs, pipes and standard input (<c>-</c>) can be read only once, so they
/// are copied into a folder that is deleted at the end.
/// </summary>
internal sealed class InputFiles : IAsyncDisposable
{
    private const long LargestFile = 2L << 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient http = new(
        new SocketsHttpHandler { MaxAutomaticRedirections = 5, ConnectTimeout = Patience })
    { Timeout = Timeout.InfiniteTimeSpan };
    private readonly List<(string Path, string Name)> copies = [];
    private TemporaryFolder? folder;
    private Stream? opened; // the pipe of a voice that is read while it arrives
    private bool standardInputTaken;

    public async Task<IReadOnlyList<string>> LocalAsync(IReadOnlyList<string> inputs, CancellationToken cancellationToken)
    {
        var local = new List<string>();
        foreach (string input in inputs) local.Add(await LocalAsync(input, cancellationToken));
        return local;
    }

    /// <summary>Returns the path of a local file with the content of an input, and fetches or copies it first if necessary.</summary>
    /// <exception cref="CommandException">The input does not exist or cannot be read.</exception>
    public async Task<string> LocalAsync(string input, CancellationToken cancellationToken)
    {
        if (Uri.TryCreate(input, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return await FetchAsync(address!, cancellationToken);
        string path = PathOf(input);
        if (path == "-" || IsDescriptor(path)) return await SpoolAsync(path, cancellationToken);
        return FileIdentity.Kind(path) switch
        {
            FileKind.Regular => path,
            FileKind.Pipe => await SpoolAsync(path, cancellationToken),
            FileKind.Missing => throw NotFound(input),
            var kind =>
                throw new CommandException(ExitCodes.BadInput, $"{input} is a {kind.ToString().ToLowerInvariant()}, expected a file"),
        };
    }

    /// <summary>
    /// Returns the voice of a pipe or of standard input as it arrives. Its samples are in <paramref name="raw"/>, or follow a WAV header.
    /// </summary>
    /// <returns>The voice, or the path of a copy if the pipe has something else, which can only be used as a whole.</returns>
    /// <exception cref="CommandException">The input does not exist or cannot be read.</exception>
    public async Task<(GrowingSound? Growing, string? Path)> VoiceAsync(string input, PcmFormat? raw, CancellationToken cancellationToken)
    {
        string path = PathOf(input);
        if (!IsPipe(path) && raw is null) return (null, await LocalAsync(input, cancellationToken));
        if (!IsPipe(path) && !File.Exists(path)) throw NotFound(input);
        var (source, name) = await OpenPipeAsync(path, cancellationToken);
        opened = source;
        if (raw is not null) return (new GrowingSound(source, name, raw, null, SpeechEmbedding.SampleRate, MediaLimits.Default), null);
        var header = await WavHeader.ReadAsync(source, cancellationToken);
        return header.Format is { } format
            ? (new GrowingSound(source, name, format, header.Bytes, SpeechEmbedding.SampleRate, MediaLimits.Default), null)
            : (null, await SpoolAsync(source, name, header.Seen, cancellationToken));
    }

    private static CommandException NotFound(string input) => new(
        ExitCodes.BadInput,
        input.Contains("://", StringComparison.Ordinal)
            ? $"{input}: expected a file, or an address with http, https or file"
            : $"{input}: no such file");

    /// <summary>Returns whether an input can be read only once.</summary>
    public static bool IsPipe(string path) => path == "-" || IsDescriptor(path) || FileIdentity.Kind(path) == FileKind.Pipe;

    /// <summary>Returns the path of an input. A file URL is converted to its path.</summary>
    public static string PathOf(string input) =>
        Uri.TryCreate(input, UriKind.Absolute, out var address) && address.IsFile
            && input.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            ? address.LocalPath
            : input;

    /// <summary>Replaces the path of a temporary copy in a message with the name that the user gave.</summary>
    public string Named(string message) =>
        copies.Aggregate(message, (text, copy) => text.Replace(copy.Path, copy.Name, StringComparison.Ordinal));

    /// <inheritdoc cref="Named(string)"/>
    public MediaException Named(MediaException failure) => new(failure.Code, Named(failure.Message), failure);

    /// <summary>Returns whether a path means another file in a child process such as ffmpeg.</summary>
    private static bool IsDescriptor(string path) =>
        path.StartsWith("/dev/fd/", StringComparison.Ordinal) || path.StartsWith("/proc/self/fd/", StringComparison.Ordinal)
            || path == "/dev/stdin";

    /// <summary>Returns an empty folder that is deleted with the copies.</summary>
    public string NewFolder()
    {
        folder ??= TemporaryFolder.Create();
        return Directory.CreateDirectory(Path.Combine(folder.Path, "speech")).FullName;
    }

    private string NewCopy(string name)
    {
        folder ??= TemporaryFolder.Create();
        string path = Path.Combine(folder.Path, $"input{copies.Count + 1}");
        copies.Add((path, name));
        return path;
    }

    private async Task<string> SpoolAsync(string input, CancellationToken cancellationToken)
    {
        var (source, name) = await OpenPipeAsync(input, cancellationToken);
        await using (source) return await SpoolAsync(source, name, default, cancellationToken);
    }

    /// <summary>Opens a pipe or standard input, which can be read once.</summary>
    /// <returns>The stream, and its name for messages.</returns>
    private async Task<(Stream Source, string Name)> OpenPipeAsync(string input, CancellationToken cancellationToken)
    {
        bool standard = input is "-" or "/dev/stdin" or "/dev/fd/0" or "/proc/self/fd/0";
        string name = standard ? "standard input" : input;
        if (standard && standardInputTaken)
            throw new CommandException(ExitCodes.Usage, "standard input can be read only once: give the other input as a file");
        if (standard && !Console.IsInputRedirected)
            throw new CommandException(ExitCodes.BadInput, "standard input is a terminal, expected a file or a pipe");
        standardInputTaken |= standard;
        try
        {
            // Opening a pipe waits for its writer and cannot be canceled.
            return (
                standard
                    ? Console.OpenStandardInput()
                    : await Task.Run(() => new FileStream(input, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0), cancellationToken)
                        .WaitAsync(cancellationToken),
                name);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(name, failure);
        }
    }

    /// <summary>Copies a stream into a file.</summary>
    /// <param name="source">The stream.</param>
    /// <param name="name">Its name for messages.</param>
    /// <param name="start">Bytes that have been read from the stream before.</param>
    /// <param name="cancellationToken">Cancels the copying.</param>
    /// <returns>The path of the file.</returns>
    private async Task<string> SpoolAsync(Stream source, string name, ReadOnlyMemory<byte> start, CancellationToken cancellationToken)
    {
        string path = NewCopy(name);
        try
        {
            await using var file = File.Create(path);
            await file.WriteAsync(start, cancellationToken);
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = await source.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(cancellationToken)) > 0;)
            {
                if (file.Length + read > LargestFile)
                    throw new CommandException(ExitCodes.BadInput, $"{name}: larger than {LargestFile >> 20} MiB");
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(name, failure);
        }

        return path;
    }

    private static CommandException Unreadable(string name, Exception failure) =>
        new(ExitCodes.BadInput, $"{name}: cannot be read or stored ({failure.Message})", failure);

    private async Task<string> FetchAsync(Uri address, CancellationToken cancellationToken)
    {
        string path = NewCopy(address.ToString());
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
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
                if (file.Length + read > LargestFile)
                    throw new CommandException(ExitCodes.BadInput, $"{address}: larger than {LargestFile >> 20} MiB");
                await file.WriteAsync(buffer.AsMemory(0, read), stalled.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
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
        opened?.Dispose();
        folder?.Dispose();
        return ValueTask.CompletedTask;
    }
}
