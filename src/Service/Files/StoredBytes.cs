namespace Locutor.Service.Files;

/// <summary>Stores files whose bytes are in memory.</summary>
internal static class StoredBytes
{
    /// <summary>Stores bytes as a file, through a temporary file in the data folder. When this returns the file is durable.</summary>
    public static async Task KeepAsync(
        this IFileStore store, DataFolder folder, byte[] bytes, string path, string contentType, CancellationToken cancellationToken)
    {
        string aside = folder.Aside();
        try
        {
            await File.WriteAllBytesAsync(aside, bytes, cancellationToken);
            await store.KeepAsync(aside, path, contentType, cancellationToken);
        }
        finally
        {
            File.Delete(aside);
        }
    }
}
