using Locutor.Jobs.Records;
using Locutor.Service.Files;
using Locutor.Service.FunctionalTests.Harness;
using Locutor.Service.Workers;

namespace Locutor.Service.FunctionalTests.Workers;

/// <summary>The clips of an interrupted attempt reach a worker with another data folder through the bucket.</summary>
public sealed class ClipHandoverTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("locutor-handover-").FullName;

    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public async Task The_next_machine_has_the_clips_of_the_last_one_and_nothing_else()
    {
        await using var bucket = await BucketServer.StartAsync();
        string id = JobId.New();
        var (first, firstFolder) = Machine(bucket, "first");
        Dictionary<string, byte[]> files = new() { ["clip-00000"] = [1, 2, 3], ["clip-00001"] = [4], ["video-1.mp4"] = [5] };
        Directory.CreateDirectory(firstFolder.WorkFolder(id));
        foreach (var (name, bytes) in files)
            await File.WriteAllBytesAsync(Path.Combine(firstFolder.WorkFolder(id), name), bytes, Soon);
        await first.SaveAsync(id, Soon);
        File.Exists(Path.Combine(firstFolder.WorkFolder(id), "clip-00000")).ShouldBeTrue("the attempt may continue here");

        var (second, secondFolder) = Machine(bucket, "second");
        await second.LoadAsync(id, Soon);
        Directory.EnumerateFiles(secondFolder.WorkFolder(id)).Select(file => Path.GetFileName(file)).Order()
            .ShouldBe(["clip-00000", "clip-00001"]);
        (await File.ReadAllBytesAsync(Path.Combine(secondFolder.WorkFolder(id), "clip-00000"), Soon)).ShouldBe([1, 2, 3]);
        bucket.Refused.ShouldBe(0);
    }

    [Fact]
    public async Task A_list_that_names_other_paths_is_not_followed_and_a_job_without_clips_starts_from_the_beginning()
    {
        await using var bucket = await BucketServer.StartAsync();
        string id = JobId.New();
        var (worker, folder) = Machine(bucket, "worker");
        await worker.LoadAsync(id, Soon);
        bucket.Objects[$"some place/results/{id}/clips.txt"] = "../../../escape\nclip-/../x\n"u8.ToArray();
        await worker.LoadAsync(id, Soon);
        await worker.SaveAsync(id, Soon);
        Directory.Exists(folder.WorkFolder(id)).ShouldBeFalse();
    }

    private (ClipHandover Handover, DataFolder Folder) Machine(BucketServer bucket, string name)
    {
        var (store, folder) = bucket.StoreOf(Path.Combine(root, name));
        return (new ClipHandover(store, folder), folder);
    }
}
