using Locutor.Files;
using Locutor.Media.Captions;

namespace Locutor;

/// <summary>
/// The inputs of one video as local files. Files are read in place; bytes, streams and spoken texts are written into a temporary folder,
/// which is deleted at the end.
/// </summary>
internal sealed class LocalInputs : IAsyncDisposable
{
    private const long LargestFile = 2L << 30;

    private readonly List<(string Path, string Name)> copies = [];
    private TemporaryFolder? folder;

    /// <summary>Returns the path of an input. The contents of bytes and streams are written to a temporary file first.</summary>
    /// <exception cref="LocutorException">The input is too large, or its stream cannot be read.</exception>
    public async Task<string> PathOfAsync(MediaInput input, CancellationToken cancellationToken)
    {
        if (input.IsFile) return input.Name;
        folder ??= TemporaryFolder.Create();
        string path = Path.Combine(folder.Path, $"input{copies.Count + 1}");
        copies.Add((path, input.Name));
        var source = input.Open();
        await using var disposal = source.ConfigureAwait(false);
        byte[] buffer = new byte[1 << 16];
        long length = 0;
        try
        {
            using var file = File.Create(path);
            for (int read; (read = await ReadAsync(source, input.Name, buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                if ((length += read) > LargestFile)
                {
                    throw new LocutorException(
                        LocutorError.InvalidInput, $"{input.Name}: expected at most {LargestFile >> 20} MiB, found more");
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw TemporaryFileException.Create(failure);
        }
        return path;
    }

    /// <summary>Reads from a stream of the caller, which may fail in any way.</summary>
    private static async Task<int> ReadAsync(Stream source, string name, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new LocutorException(LocutorError.InvalidInput, $"{name}: its stream cannot be read ({failure.Message})", failure);
        }
    }

    /// <summary>Returns the path of the voice of each person, and the captions if the voices speak a text.</summary>
    /// <param name="request">The request.</param>
    /// <param name="notice">Receives messages for the user.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="LocutorException">An input is too large, or its stream cannot be read.</exception>
    public async Task<(IReadOnlyList<string> Paths, IReadOnlyList<Cue> Cues)> VoicesOfAsync(
        TalkingVideoRequest request, Action<string> notice, CancellationToken cancellationToken)
    {
        if (request.Audio.Text is { } text)
        {
            folder ??= TemporaryFolder.Create();
            var narration = await text.SpeakAsync(folder.Path, cancellationToken).ConfigureAwait(false);
            if (narration.Note is { } note) notice(note);
            return (narration.Paths, narration.Cues);
        }
        string first = await PathOfAsync(request.Audio, cancellationToken).ConfigureAwait(false);
        return (
            request.SecondAudio is { } second ? [first, await PathOfAsync(second, cancellationToken).ConfigureAwait(false)] : [first], []);
    }

    /// <summary>Replaces temporary paths in a message by the names that the caller gave.</summary>
    public string RestoreNames(string message) =>
        copies.Aggregate(message, (text, copy) => text.Replace(copy.Path, copy.Name, StringComparison.Ordinal));

    public ValueTask DisposeAsync()
    {
        folder?.Dispose();
        return ValueTask.CompletedTask;
    }
}
