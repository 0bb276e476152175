using System.Data.Common;
using Locutor.Jobs.Records;
using Locutor.Jobs.Storage;

namespace Locutor.Jobs.Usage;

/// <summary>The usage of the jobs of one token and one model on one day (UTC).</summary>
public sealed record DayOfUsage(
    DateOnly Day, string KeyId, string Model, int Jobs, int Succeeded, int Failed, int Canceled, double VideoSeconds, double GpuSeconds,
    long BytesIn, long BytesOut);

/// <summary>
/// The usage of all tokens: one row for each job that has ended. A row is written once, however often it is recorded, so a job can be
/// recorded again after a crash. For the part of a video, only the GPU time is counted. Rows stay when the job expires or is deleted.
/// </summary>
public sealed class UsageStore(Func<DbConnection> open)
{
    private const long Day = 86_400_000;

    private const string Insert = """
        INSERT INTO usage (job_id, key_id, ended_at, model, status, video_seconds, gpu_seconds, bytes_in, bytes_out)
        VALUES (@job, @key, @ended, @model, @status, @video, @gpu, @in, @out) ON CONFLICT (job_id) DO NOTHING
        """;

    private const string Sums = """
        SELECT ended_at / 86400000, key_id, model, sum(CASE status WHEN 'Part' THEN 0 ELSE 1 END),
               sum(CASE status WHEN 'Succeeded' THEN 1 ELSE 0 END), sum(CASE status WHEN 'Failed' THEN 1 ELSE 0 END),
               sum(CASE status WHEN 'Canceled' THEN 1 ELSE 0 END),
               sum(video_seconds), sum(gpu_seconds), CAST(sum(bytes_in) AS bigint), CAST(sum(bytes_out) AS bigint)
        FROM usage WHERE ended_at >= @from AND ended_at < @to AND (@key = '' OR key_id = @key)
        GROUP BY ended_at / 86400000, key_id, model ORDER BY 1, 2, 3
        """;

    private readonly SqlCommands sql = new(open);
    private readonly Lock gate = new();
    private List<(JobRecord Job, TaskCompletionSource Done)> pending = [];
    private bool writing;

    /// <summary>
    /// Records a job that has ended; another job is ignored. Completes when the row is on disk. Jobs that end together share a commit.
    /// </summary>
    public Task RecordAsync(JobRecord job)
    {
        // An expired job has lost its result. It was recorded when it ended.
        if (!job.Status.IsTerminal() || job.Status is JobStatus.Expired)
            return Task.CompletedTask;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            pending.Add((job, done));
            if (writing)
                return done.Task;
            writing = true;
        }
        _ = Task.Run(WriteAll);
        return done.Task;
    }

    /// <summary>Returns the usage of the days from <paramref name="from"/> to before <paramref name="to"/>.</summary>
    /// <param name="keyId">The token; null for all tokens.</param>
    public IReadOnlyList<DayOfUsage> Read(string? keyId, DateOnly from, DateOnly to) => sql.Rows(
        Sums, Read, ("@key", keyId ?? ""), ("@from", Milliseconds(from)), ("@to", Milliseconds(to)));

    private void WriteAll()
    {
        while (true)
        {
            List<(JobRecord Job, TaskCompletionSource Done)> batch;
            lock (gate)
            {
                batch = pending;
                pending = [];
                writing = batch.Count > 0;
                if (!writing)
                    return;
            }
            try
            {
                Write(batch.Select(entry => entry.Job));
                batch.ForEach(entry => entry.Done.SetResult());
            }
            catch (Exception exception)
            {
                batch.ForEach(entry => entry.Done.SetException(exception));
            }
        }
    }

    private void Write(IEnumerable<JobRecord> jobs)
    {
        using var connection = open();
        using var transaction = connection.BeginTransaction();
        foreach (var job in jobs)
        {
            bool whole = job.Request.Part is null;
            using var command = SqlCommands.Command(
                connection, Insert, ("@job", job.Id), ("@key", job.Owner), ("@ended", job.FinishedAt!.Value.ToUnixTimeMilliseconds()),
                ("@model", job.Request.ModelName ?? ""), ("@status", whole ? job.Status.ToString() : "Part"),
                ("@video", whole ? job.Result?.Seconds ?? 0 : 0), ("@gpu", job.GpuSeconds),
                ("@in", whole ? job.Request.Inputs.Sum(input => input.Bytes) : 0), ("@out", whole ? job.Result?.Bytes ?? 0 : 0));
            command.Transaction = transaction;
            command.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private static DayOfUsage Read(DbDataReader row) => new(
        DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0) * Day).UtcDateTime), row.GetString(1),
        row.GetString(2), (int)row.GetInt64(3), (int)row.GetInt64(4), (int)row.GetInt64(5), (int)row.GetInt64(6), row.GetDouble(7),
        row.GetDouble(8), row.GetInt64(9), row.GetInt64(10));

    private static long Milliseconds(DateOnly day) =>
        new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).ToUnixTimeMilliseconds();
}
