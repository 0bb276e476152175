using Locutor.Jobs.Records;
using Locutor.Service.Files;
using Locutor.Service.FunctionalTests.Harness;
using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Files;

/// <summary>A file such as the list of a live video's segments is read while a worker replaces it by longer ones.</summary>
public sealed class ReplacedFileTests : IDisposable
{
    private const int Versions = 40;
    private readonly string root = Directory.CreateTempSubdirectory("locutor-replaced-").FullName;

    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public async Task An_object_of_a_bucket_is_read_in_one_version()
    {
        await using var bucket = await BucketServer.StartAsync();
        var (store, folder) = bucket.StoreOf(root);
        using (store) await ReadWhileReplacedAsync(store, folder);
        bucket.Refused.ShouldBe(0);
    }

    [Fact]
    public Task A_file_of_the_data_folder_is_read_in_one_version()
    {
        var folder = new DataFolder(new ServeSettings { Data = root });
        return ReadWhileReplacedAsync(new FolderStore(folder), folder);
    }

    private static async Task ReadWhileReplacedAsync(IFileStore store, DataFolder folder)
    {
        string path = DataFolder.ResultPath(JobId.New(), "list");
        (await store.ReadAsync(path, Soon)).ShouldBeNull();
        await WriteAsync(1);
        var writing = Task.Run(async () =>
        {
            for (int version = 2; version <= Versions; version++) await WriteAsync(version);
        }, Soon);
        int last = 0, reads = 0;
        for (bool ended = false; !ended; reads++)
        {
            ended = writing.IsCompleted;
            byte[] found = (await store.ReadAsync(path, Soon)).ShouldNotBeNull();
            found.ShouldBe(Content(found[0]), "one version and all of it");
            ((int)found[0]).ShouldBeGreaterThanOrEqualTo(last);
            last = found[0];
        }
        await writing;
        last.ShouldBe(Versions);
        reads.ShouldBeGreaterThan(2);

        Task WriteAsync(int version) => store.KeepAsync(folder, Content(version), path, "text/plain", Soon);
    }

    /// <summary>Each version is longer than the one before and made of its number.</summary>
    private static byte[] Content(int version) => [.. Enumerable.Repeat((byte)version, 1000 * version)];
}
