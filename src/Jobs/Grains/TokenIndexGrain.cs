using Locutor.Jobs.Records;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Storage;

namespace Locutor.Jobs.Grains;

/// <inheritdoc cref="ITokenIndexGrain"/>
[Reentrant]
public sealed class TokenIndexGrain(
    [FromKeyedServices(JobsStorage.Name)] IGrainStorage storage, JobsOptions options, TimeProvider time) : Grain, ITokenIndexGrain
{
    private readonly Dictionary<string, Task<SubmitReply>> _submitting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IndexEntry> _byKey = new(StringComparer.Ordinal);
    private readonly SortedList<long, string> _order = [];
    private IndexPages _pages = null!;
    private bool _known;
    private long _lastOrder;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _pages = new IndexPages(storage, this.GetGrainId());
        await _pages.LoadAsync();
        foreach (var entry in _pages.Entries.Values)
            Remember(entry);
        _known = _order.Count > 0;
        this.RegisterGrainTimer(static (self, _) => self._pages.FlushAsync(), this, new GrainTimerCreationOptions
        {
            DueTime = TimeSpan.FromSeconds(1),
            Period = TimeSpan.FromSeconds(1),
            Interleave = true,
        });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _pages.FlushAsync();

    public async Task<SubmitReply> SubmitAsync(JobSubmission submission)
    {
        if (submission.IdempotencyKey is not { } key)
            return await AcceptAsync(submission);
        if (Known(key, submission.BodyHash) is { } known)
            return known;
        if (_submitting.TryGetValue(key, out var first))
            await ((Task)first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (Known(key, submission.BodyHash) is { } repeated)
            return repeated;
        var accepting = AcceptAsync(submission);
        _submitting[key] = accepting;
        try
        {
            return await accepting;
        }
        finally
        {
            _submitting.Remove(key);
        }
    }

    public Task<SubmitReply?> FindAsync(string idempotencyKey, string bodyHash) => Task.FromResult(Known(idempotencyKey, bodyHash));

    public Task<IndexListing> ListAsync(long? before, int limit, JobStatus? status)
    {
        var found = new List<IndexEntry>(limit);
        var position = before is { } limitOrder ? FirstNotBelow(limitOrder) - 1 : _order.Count - 1;
        for (; position >= 0 && found.Count < limit; position--)
        {
            var entry = _pages.Entries[_order.Values[position]];
            if (status is null || entry.Status == status)
                found.Add(entry);
        }
        return Task.FromResult(new IndexListing(found.ToArray(), position >= 0 && found.Count > 0 ? found[^1].Order : null));
    }

    public Task ChangedAsync(JobRecord record)
    {
        if (!_pages.Entries.TryGetValue(record.Id, out var entry))
            return Task.CompletedTask;
        var changed = entry with { Status = record.Status, Open = record.IsOpen, ExpiresAt = record.ExpiresAt };
        // Written with the next flush: the job itself is stored, and after a crash an entry still open is looked up there.
        if (changed != entry)
            _pages.Touch(changed);
        return Task.CompletedTask;
    }

    public async Task RemoveAsync(string jobId)
    {
        if (!_pages.Entries.TryGetValue(jobId, out var entry))
            return;
        _pages.Remove(jobId);
        _order.Remove(entry.Order);
        if (entry.IdempotencyKey is { } key)
            _byKey.Remove(key);
        await _pages.FlushAsync();
    }

    public Task<string[]> OpenAsync() =>
        Task.FromResult(_order.Values.Where(id => _pages.Entries[id].Open).ToArray());

    public Task<string[]> UnknownAsync(string[] ids) => Task.FromResult(ids.Where(id => !_pages.Entries.ContainsKey(id)).ToArray());

    public Task<IndexEntry[]> ExpiredAsync(DateTimeOffset now) =>
        Task.FromResult(_pages.Entries.Values.Where(entry => !entry.Open && entry.ExpiresAt <= now).ToArray());

    private SubmitReply? Known(string key, string? hash) => _byKey.TryGetValue(key, out var entry)
        ? new SubmitReply(entry.BodyHash == hash ? SubmitOutcome.Repeated : SubmitOutcome.KeyReused, entry.Id)
        : null;

    private async Task<SubmitReply> AcceptAsync(JobSubmission submission)
    {
        var owner = this.GetPrimaryKeyString();
        var queue = GrainFactory.GetGrain<IQueueGrain>(IQueueGrain.Key);
        var admission = await queue.ReserveAsync(owner, submission.MaxQueued > 0 ? submission.MaxQueued : options.MaxQueuedPerToken);
        if (admission is not QueueAdmission.Admitted)
            return new SubmitReply(admission is QueueAdmission.Full ? SubmitOutcome.QueueFull : SubmitOutcome.OwnerFull, null);
        try
        {
            if (!_known)
            {
                await GrainFactory.GetGrain<IOwnersGrain>(IOwnersGrain.Key).AddAsync(owner);
                _known = true;
            }
            var record = NewRecord(owner, submission);
            var entry = new IndexEntry
            {
                Id = record.Id,
                Order = record.Order,
                Open = true,
                IdempotencyKey = submission.IdempotencyKey,
                BodyHash = submission.BodyHash,
            };
            // The job goes first, so that no index entry ever stands without one.
            await GrainFactory.GetGrain<IJobGrain>(record.Id).CreateAsync(record);
            await AppendAsync(entry);
            await queue.AddAsync(record, reserved: true);
            return new SubmitReply(SubmitOutcome.Accepted, record.Id);
        }
        catch
        {
            await queue.GiveUpAsync(owner);
            throw;
        }
    }

    private async Task AppendAsync(IndexEntry entry)
    {
        _pages.Append(entry);
        try
        {
            await _pages.FlushAsync();
        }
        catch
        {
            _pages.Remove(entry.Id);
            throw;
        }
        Remember(entry);
    }

    private JobRecord NewRecord(string owner, JobSubmission submission)
    {
        var now = time.GetUtcNow();
        _lastOrder = Math.Max(_lastOrder + 1, (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        return new JobRecord { Id = submission.JobId, Owner = owner, Order = _lastOrder, Request = submission.Request, CreatedAt = now };
    }

    private void Remember(IndexEntry entry)
    {
        _order[entry.Order] = entry.Id;
        _lastOrder = Math.Max(_lastOrder, entry.Order);
        if (entry.IdempotencyKey is { } key)
            _byKey[key] = entry;
    }

    private int FirstNotBelow(long order)
    {
        int low = 0, high = _order.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_order.Keys[middle] < order)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
