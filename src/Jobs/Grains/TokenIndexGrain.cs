using Locutor.Jobs.Records;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Storage;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="ITokenIndexGrain"/>
[Reentrant]
public sealed partial class TokenIndexGrain(
    [FromKeyedServices(JobsStorage.Name)] IGrainStorage storage, JobsOptions options, TimeProvider time, ILogger<TokenIndexGrain> logger)
    : Grain, ITokenIndexGrain
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Task<SubmitReply>> submitting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IndexEntry> byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JobRecord> untold = new(StringComparer.Ordinal);
    private readonly SortedList<long, string> order = [];
    private IndexPages pages = null!;
    private bool known;
    private long lastOrder;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        pages = new IndexPages(storage, this.GetGrainId());
        await pages.LoadAsync();
        foreach (var entry in pages.Entries.Values)
            Remember(entry);
        known = order.Count > 0;
        this.RegisterGrainTimer(static (self, _) => self.TickAsync(), this, new GrainTimerCreationOptions
        {
            DueTime = Pause,
            Period = Pause,
            Interleave = true,
        });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => pages.FlushAsync();

    public async Task<SubmitReply> SubmitAsync(JobSubmission submission)
    {
        // A repeated submission waits for the first one, and returns its answer if the first one was accepted.
        string name = submission.IdempotencyKey ?? submission.JobId;
        while (submitting.TryGetValue(name, out var first))
            await ((Task)first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (order.Count > 0 && pages.Entries.ContainsKey(submission.JobId))
            return new SubmitReply(SubmitOutcome.Accepted, submission.JobId);
        if (submission.IdempotencyKey is { } key && Known(key, submission.BodyHash) is { } known)
            return known;
        var accepting = AcceptAsync(submission);
        submitting[name] = accepting;
        try
        {
            return await accepting;
        }
        finally
        {
            submitting.Remove(name);
        }
    }

    public Task<SubmitReply?> FindAsync(string idempotencyKey, string bodyHash) => Task.FromResult(Known(idempotencyKey, bodyHash));

    public Task<IndexListing> ListAsync(long? before, int limit, JobStatus? status)
    {
        var found = new List<IndexEntry>(limit);
        int position = before is { } limitOrder ? FirstNotBelow(limitOrder) - 1 : order.Count - 1;
        for (; position >= 0 && found.Count < limit; position--)
        {
            var entry = pages.Entries[order.Values[position]];
            if (!PartJobs.IsKey(entry.IdempotencyKey) && (status is null || entry.Status == status))
                found.Add(entry);
        }
        return Task.FromResult(new IndexListing(found.ToArray(), position >= 0 && found.Count > 0 ? found[^1].Order : null));
    }

    public Task ChangedAsync(JobRecord record)
    {
        if (!pages.Entries.TryGetValue(record.Id, out var entry))
            return Task.CompletedTask;
        var changed = entry with { Status = record.Status, Open = record.IsOpen, ExpiresAt = record.ExpiresAt };
        // Written with the next flush. The job itself is stored, and after a crash the record is read for every entry that is still open.
        if (changed != entry)
            pages.Touch(changed);
        return Task.CompletedTask;
    }

    public async Task RemoveAsync(string jobId)
    {
        if (!pages.Entries.TryGetValue(jobId, out var entry))
            return;
        pages.Remove(jobId);
        order.Remove(entry.Order);
        if (entry.IdempotencyKey is { } key)
            byKey.Remove(key);
        await FlushAsync();
    }

    public Task<IndexEntry[]> OpenAsync() =>
        Task.FromResult(order.Values.Select(id => pages.Entries[id]).Where(entry => entry.Open).ToArray());

    public Task<string[]> UnknownAsync(string[] ids) => Task.FromResult(ids.Where(id => !pages.Entries.ContainsKey(id)).ToArray());

    public Task<string[]> WithoutFilesAsync(string[] ids) => Task.FromResult(
        ids.Where(id => pages.Entries.TryGetValue(id, out var entry) && entry.Status is JobStatus.Expired).ToArray());

    public Task<IndexEntry[]> ExpiredAsync(DateTimeOffset now) =>
        Task.FromResult(pages.Entries.Values.Where(entry => !entry.Open && entry.ExpiresAt <= now).ToArray());

    private SubmitReply? Known(string key, string? hash) => byKey.TryGetValue(key, out var entry)
        ? new SubmitReply(entry.BodyHash == hash ? SubmitOutcome.Repeated : SubmitOutcome.KeyReused, entry.Id)
        : null;

    private async Task<SubmitReply> AcceptAsync(JobSubmission submission)
    {
        string owner = this.GetPrimaryKeyString();
        var queue = GrainFactory.GetGrain<IQueueGrain>(IQueueGrain.Key);
        int most = submission.MaxQueued > 0 ? submission.MaxQueued : options.MaxQueuedPerToken;
        var admission = await queue.ReserveAsync(owner, submission.JobId, most);
        if (admission is not QueueAdmission.Admitted)
            return new SubmitReply(admission is QueueAdmission.Full ? SubmitOutcome.QueueFull : SubmitOutcome.OwnerFull, null);
        var record = NewRecord(owner, submission);
        try
        {
            await StoreAsync(record, submission);
        }
        catch
        {
            // The call is not awaited: a reservation that is not given up expires.
            queue.GiveUpAsync(record.Id).Ignore();
            throw;
        }
        // The job is accepted from here on, whatever happens to the queue.
        untold[record.Id] = record;
        await TellQueueAsync();
        return new SubmitReply(SubmitOutcome.Accepted, record.Id);
    }

    private async Task StoreAsync(JobRecord record, JobSubmission submission)
    {
        if (!known)
        {
            await GrainFactory.GetGrain<IOwnersGrain>(IOwnersGrain.Key).AddAsync(record.Owner);
            known = true;
        }
        // The job is stored first, so that every index entry has a job.
        await GrainFactory.GetGrain<IJobGrain>(record.Id).CreateAsync(record);
        var entry = new IndexEntry
        {
            Id = record.Id,
            Order = record.Order,
            Open = true,
            IdempotencyKey = submission.IdempotencyKey,
            BodyHash = submission.BodyHash,
        };
        pages.Append(entry);
        try
        {
            await FlushAsync();
        }
        catch
        {
            pages.Remove(entry.Id);
            throw;
        }
        Remember(entry);
    }

    private async Task TickAsync()
    {
        await TellQueueAsync();
        await FlushAsync();
    }

    /// <summary>Adds accepted jobs to the queue. A failed call is repeated a second later.</summary>
    private async Task TellQueueAsync()
    {
        foreach (var (id, record) in untold.ToArray())
        {
            try
            {
                await GrainFactory.GetGrain<IQueueGrain>(IQueueGrain.Key).AddAsync(record);
                untold.Remove(id);
            }
            catch (Exception exception)
            {
                LogNotTold(id, exception.Message);
                return;
            }
        }
    }

    private Task FlushAsync() => this.WriteOrReloadAsync(pages.FlushAsync);

    private JobRecord NewRecord(string owner, JobSubmission submission)
    {
        var now = time.GetUtcNow();
        lastOrder = Math.Max(lastOrder + 1, (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        return new JobRecord
        {
            Id = submission.JobId,
            Owner = owner,
            Order = lastOrder,
            Request = submission.Request,
            CreatedAt = now,
            MaxRunning = submission.MaxRunning,
        };
    }

    private void Remember(IndexEntry entry)
    {
        order[entry.Order] = entry.Id;
        lastOrder = Math.Max(lastOrder, entry.Order);
        if (entry.IdempotencyKey is { } key)
            byKey[key] = entry;
    }

    private int FirstNotBelow(long order)
    {
        int low = 0, high = this.order.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (this.order.Keys[middle] < order)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    [LoggerMessage(LogLevel.Warning, "the queue could not be notified of job {Job}, trying again: {Reason}")]
    private partial void LogNotTold(string job, string reason);
}
