using System.Diagnostics.Metrics;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs;

/// <summary>What is counted about jobs, under the meter <see cref="MeterName"/>.</summary>
public sealed class JobsMetrics : IDisposable
{
    public const string MeterName = "Locutor";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _submitted;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _webhooks;
    private readonly Histogram<double> _seconds;
    private QueueStatistics _queue = new();

    public JobsMetrics()
    {
        _submitted = _meter.CreateCounter<long>("locutor.jobs.submitted", description: "jobs accepted");
        _finished = _meter.CreateCounter<long>("locutor.jobs.finished", description: "jobs ended, by status and error code");
        _webhooks = _meter.CreateCounter<long>("locutor.webhooks.sent", description: "attempts to deliver a webhook, by outcome: delivered, failed or given_up");
        _seconds = _meter.CreateHistogram<double>("locutor.job.duration", "s", "time from the first start to the end of succeeded jobs");
        // A counter that was never counted is not shown; dashboards and alerts want it from the start.
        _submitted.Add(0);
        _meter.CreateObservableGauge("locutor.queue.waiting", () => _queue.Queued, description: "jobs waiting for a worker");
        _meter.CreateObservableGauge("locutor.queue.fetching", () => _queue.Fetching, description: "jobs waiting for their inputs");
        _meter.CreateObservableGauge("locutor.queue.running", () => _queue.Running, description: "jobs with a worker");
        _meter.CreateObservableGauge("locutor.workers", () => _queue.Workers, description: "workers seen lately");
    }

    public void Submitted() => _submitted.Add(1);

    public void Finished(JobRecord job)
    {
        _finished.Add(1, new("status", job.Status.ToString().ToLowerInvariant()), new("code", job.Error?.Code ?? "none"));
        if (job is { Status: JobStatus.Succeeded, StartedAt: { } from, FinishedAt: { } to })
            _seconds.Record((to - from).TotalSeconds);
    }

    /// <param name="outcome">delivered, failed or given_up.</param>
    public void Webhook(string outcome) => _webhooks.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Observe(QueueStatistics queue) => _queue = queue;

    public void Dispose() => _meter.Dispose();
}
