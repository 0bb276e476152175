namespace Locutor.Service.Files;

/// <summary>A file store that keeps inputs and results in the data folder.</summary>
public sealed class FolderStore(DataFolder data) : IFileStore
{
    public string Name => data.Root;

    public bool SharesWork => true;

    public Task KeepAsync(string file, string path, string contentType, CancellationToken cancellationToken)
    {
        data.Place(file, path, durable: true);
        return Task.CompletedTask;
    }

    public Task<string> OnDiskAsync(string path, string folder, CancellationToken cancellationToken) => File.Exists(data.Absolute(path))
        ? Task.FromResult(data.Absolute(path))
        : throw new FileNotFoundException($"{path} is not in the data folder");

    public async Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = await OpenAsync(path, cancellationToken); // stays the version that it is when another replaces it
        if (file is null) return null;
        byte[] content = new byte[file.Length];
        await file.ReadExactlyAsync(content, cancellationToken);
        return content;
    }

    public Task<Stream?> OpenAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<Stream?>(new FileStream(
                data.Absolute(path), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.Asynchronous));
        }
        catch (IOException exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    public Task<IReadOnlyDictionary<string, DateTimeOffset>> WrittenAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, DateTimeOffset>>(data.Written());

    public Task RemoveAsync(string jobId, CancellationToken cancellationToken)
    {
        data.Remove(jobId);
        return Task.CompletedTask;
    }
}
