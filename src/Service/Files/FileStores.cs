using Locutor.Service.Settings;


namespace Locutor.Service.Files;

/// <summary>Creates the file store that the settings select.</summary>
public static class FileStores
{
    public static IFileStore Create(ServeSettings settings, DataFolder folder) =>
        settings.S3Bucket is null ? new FolderStore(folder) : new S3Store(folder, settings);
}
