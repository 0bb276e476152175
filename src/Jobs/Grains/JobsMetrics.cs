using System.Diagnostics.Metrics;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Grains;

/// <summary>
/// The metrics of jobs, under the meter <see cref="MeterName"/>. Gauges of the queue and the workers cover the whole cluster and are
/// equal on every node. Counters and histograms cover this node only; sum them over the nodes.
/// </summary>
public sealed class JobsMetrics : IDisposable
{
    public const string MeterName = "Locutor";

    private static readonly double[] WaitBuckets = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];
    private static readonly double[] JobBuckets = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400];
    private static readonly double[] StageBuckets = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600];
    private static readonly double[] LoadBuckets = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
    private static readonly double[] TransferBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
    private static readonly string[] States = ["starting", "idle", "working", "draining", "set_aside"];

    private readonly Meter meter = new(MeterName);
    private readonly TimeProvider time;
    private readonly Counter<long> submitted, finished, webhooks, fetches, fetchedBytes;
    private readonly Histogram<double> wait, duration, stages, loads, fetchSeconds, webhookSeconds;
    private QueueStatistics queue = new();
    private long observed;

    public JobsMetrics(TimeProvider time)
    {
        (this.time, observed) = (time, time.GetTimestamp());
        submitted = Counter("locutor.jobs.submitted", "jobs accepted");
        finished = Counter("locutor.jobs.finished", "jobs ended, by status and error code");
        webhooks = Counter("locutor.webhooks.sent", "attempts to deliver a webhook, by outcome: delivered, failed or given_up");
        fetches = Counter("locutor.fetches", "fetches of inputs from their URLs, by outcome: ok or the error code");
        fetchedBytes = meter.CreateCounter<long>("locutor.fetched", "By", "bytes of fetched inputs");
        wait = Histogram("locutor.job.wait", "time from submission to the first start, by model", WaitBuckets);
        duration = Histogram("locutor.job.duration", "time from submission to the end of succeeded jobs, by model", JobBuckets);
        stages = Histogram("locutor.job.stage.duration", "time that a succeeded job spent in each stage, by model and stage", StageBuckets);
        loads = Histogram("locutor.model.load.duration", "time to load a model on a worker, by model and kind of device", LoadBuckets);
        fetchSeconds = Histogram("locutor.fetch.duration", "time to fetch, check and store one input", TransferBuckets);
        webhookSeconds = Histogram("locutor.webhook.duration", "time of an attempt to deliver a webhook", TransferBuckets);
        Gauge("locutor.queue.waiting", null, "jobs waiting for a worker", () => queue.Queued);
        Gauge("locutor.queue.fetching", null, "jobs waiting for their inputs", () => queue.Fetching);
        Gauge("locutor.queue.running", null, "jobs with a worker", () => queue.Running);
        Gauge("locutor.queue.oldest", "s", "age of the oldest job that waits for a worker", () => queue.OldestSeconds);
        Gauge("locutor.queue.webhooks", null, "webhooks still to be delivered", () => queue.Webhooks);
        Gauge(
            "locutor.queue.figures.age", "s", "time since this node last received the statistics of the queue for its gauges",
            () => this.time.GetElapsedTime(Interlocked.Read(ref observed)).TotalSeconds);
        meter.CreateObservableGauge("locutor.workers", Workers, description: "workers seen in the last two minutes, by state");
        BeginAtZero();
    }

    public void Submitted() => submitted.Add(1);

    /// <summary>Records how long a job waited before its first attempt, in seconds.</summary>
    public void Started(JobRecord job) => wait.Record(((job.StartedAt ?? job.CreatedAt) - job.CreatedAt).TotalSeconds, Model(job));

    public void Finished(JobRecord job)
    {
        finished.Add(1, new("status", job.Status.ToString().ToLowerInvariant()), new("code", job.Error?.Code ?? "none"));
        if (job is not { Status: JobStatus.Succeeded, FinishedAt: { } end })
            return;
        duration.Record((end - job.CreatedAt).TotalSeconds, Model(job));
        foreach (var (stage, seconds) in job.Result?.StageSeconds ?? [])
            stages.Record(seconds, Model(job), new("stage", stage.ToString().ToLowerInvariant()));
    }

    public void Loaded(ModelLoad load) => loads.Record(load.Seconds, new("model", load.Model), new("device", load.Device.Split(':')[0]));

    /// <summary>Records one fetch of an input.</summary>
    /// <param name="outcome">The text ok, or an error code.</param>
    public void Fetched(string outcome, TimeSpan took, long bytes)
    {
        fetches.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        fetchSeconds.Record(took.TotalSeconds);
        fetchedBytes.Add(bytes);
    }

    /// <summary>Records one attempt to send a webhook.</summary>
    /// <param name="outcome">One of delivered, failed and given_up.</param>
    public void Webhook(string outcome, TimeSpan took)
    {
        webhooks.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        webhookSeconds.Record(took.TotalSeconds);
    }

    /// <summary>Updates the gauges with the latest statistics of the queue.</summary>
    public void Observe(QueueStatistics queue)
    {
        this.queue = queue;
        Interlocked.Exchange(ref observed, time.GetTimestamp());
    }

    /// <summary>Adds a gauge whose value is read whenever the metrics are collected.</summary>
    public void Gauge(string name, string? unit, string description, Func<double> read) =>
        meter.CreateObservableGauge(name, read, unit, description);

    public void Dispose() => meter.Dispose();

    private static KeyValuePair<string, object?> Model(JobRecord job) => new("model", job.Request.ModelName ?? "unknown");

    private IEnumerable<Measurement<int>> Workers() =>
        States.Select(state => new Measurement<int>(
            queue.WorkersByState?.GetValueOrDefault(state) ?? 0, new KeyValuePair<string, object?>("state", state)));

    private Counter<long> Counter(string name, string description) => meter.CreateCounter<long>(name, description: description);

    private Histogram<double> Histogram(string name, string description, double[] buckets) =>
        meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    /// <summary>
    /// Adds 0 to every counter. Without this a counter appears only with its first event, and dashboards and alerts would miss that first
    /// increase.
    /// </summary>
    private void BeginAtZero()
    {
        submitted.Add(0);
        fetchedBytes.Add(0);
        foreach (var (status, code) in
                new[]
                {
                    ("succeeded", "none"), ("canceled", "none"), ("failed", JobError.Internal), ("failed", JobError.WorkerLost),
                    ("failed", JobError.TimedOut),
                })
        {
            finished.Add(0, new("status", status), new("code", code));
        }

        foreach (string? outcome in new[] { "delivered", "failed", "given_up" })
            webhooks.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (string? outcome in new[] { "ok", JobError.FetchFailed })
            fetches.Add(0, new KeyValuePair<string, object?>("outcome", outcome));
    }
}
