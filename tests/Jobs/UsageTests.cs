using Locutor.Jobs.Records;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Usage;

namespace Locutor.Jobs.Tests;

public sealed class UsageTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2027, 3, 31, 12, 0, 0, TimeSpan.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-usage-").FullName;
    private readonly UsageStore store;

    public UsageTests() => store = new UsageStore(new SqliteDatabase(Path.Combine(folder, SqliteDatabase.FileName)).Open);

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_job_counts_once_however_often_it_is_recorded()
    {
        var job = Job("wk-a", "film", Noon) with { Result = new JobResult { Seconds = 4.5, Bytes = 1000 }, GpuSeconds = 90 };
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.RecordAsync(job)));
        await store.RecordAsync(job with { Status = JobStatus.Expired, Result = null });
        await store.RecordAsync(Job("wk-a", "film", Noon) with { Status = JobStatus.Running });
        store.Read("wk-a", new DateOnly(2027, 3, 1), new DateOnly(2027, 4, 1)).ShouldBe(
            [new DayOfUsage(new DateOnly(2027, 3, 31), "wk-a", "film", 1, 1, 0, 0, 4.5, 90, 30, 1000)]);
    }

    [Fact]
    public async Task Usage_is_kept_per_day_token_and_model_and_a_day_ends_at_midnight_UTC()
    {
        await store.RecordAsync(Job("wk-a", "film", Noon.AddHours(12).AddMilliseconds(-1)));
        await store.RecordAsync(Job("wk-a", "film", Noon.AddHours(12)));
        await store.RecordAsync(Job("wk-a", "sketch", Noon) with { Status = JobStatus.Failed, GpuSeconds = 3 });
        await store.RecordAsync(Job("wk-b", "film", Noon) with { Status = JobStatus.Canceled });
        var march = store.Read(null, new DateOnly(2027, 3, 1), new DateOnly(2027, 4, 1));
        march.Select(day => (day.KeyId, day.Model, day.Succeeded, day.Failed, day.Canceled)).ShouldBe(
            [("wk-a", "film", 1, 0, 0), ("wk-a", "sketch", 0, 1, 0), ("wk-b", "film", 0, 0, 1)]);
        store.Read("wk-a", new DateOnly(2027, 4, 1), new DateOnly(2027, 5, 1)).Single().Jobs.ShouldBe(1);
    }

    [Fact]
    public async Task A_part_of_a_video_counts_with_its_GPU_time_alone()
    {
        var video = Job("wk-a", "film", Noon) with { Result = new JobResult { Seconds = 60, Bytes = 1000 }, GpuSeconds = 90 };
        var part = Job("wk-a", "film", Noon) with { Result = new JobResult { Seconds = 30, Bytes = 800 }, GpuSeconds = 40 };
        await store.RecordAsync(video);
        await store.RecordAsync(part with { Request = part.Request with { Part = new JobPart(video.Id, 1, 750, 750, 1500) } });
        store.Read("wk-a", new DateOnly(2027, 3, 1), new DateOnly(2027, 4, 1)).ShouldBe(
            [new DayOfUsage(new DateOnly(2027, 3, 31), "wk-a", "film", 1, 1, 0, 0, 60, 130, 30, 1000)]);
    }

    private static JobRecord Job(string owner, string model, DateTimeOffset end) => new()
    {
        Id = JobId.New(),
        Owner = owner,
        Status = JobStatus.Succeeded,
        FinishedAt = end,
        Request = new JobRequest { ModelName = model, Inputs = [new JobInput { Bytes = 10 }, new JobInput { Bytes = 20 }] },
    };
}
