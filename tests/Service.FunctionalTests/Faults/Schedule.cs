using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;

namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>A few whole lives of jobs under one fault plan, and what must be true after them. The seed decides what clients do.</summary>
internal sealed class Schedule(World world, int seed)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    private readonly Random random = TestSeed.NewRandom(seed);
    private readonly Dictionary<string, string> accepted = new(StringComparer.Ordinal);
    private readonly HashSet<string> deleted = new(StringComparer.Ordinal);
    private readonly Token token = new()
    {
        KeyId = "wk-client",
        Name = "client",
        Scopes = TokenScopes.All,
        CreatedAt = DateTimeOffset.UnixEpoch,
        WebhookSecret = "",
    };
    private readonly long from = world.Time.GetTimestamp();

    private ITokenIndexGrain Index => world.Grains.GetGrain<ITokenIndexGrain>(token.KeyId);

    public async Task RunAsync(IReadOnlyList<Fault> faults)
    {
        world.Plan.Begin(faults);
        var client = new Actor("client");
        await client.RunAsync(async () =>
        {
            for (int job = 0; job < 2 + random.Next(3); job++)
                await LiveAsync($"{seed}-{job}");
        });
        await new Actor("observer").RunAsync(async () =>
        {
            await UntilAsync("all jobs end and the queue is empty", HasEndedAsync, TimeSpan.FromSeconds(1));
            await CheckRecordsAsync();
            await UntilAsync("all records and files are gone", IsGoneAsync, TimeSpan.FromSeconds(5));
        });
        world.Plan.End();
        world.Storage.Violations.ShouldBeEmpty();
    }

    /// <summary>The calls of the client of one job.</summary>
    private async Task LiveAsync(string key)
    {
        bool stored = random.Next(3) > 0, webhook = random.Next(4) == 0;
        int choice = random.Next(8);
        var pause = TimeSpan.FromSeconds(random.NextDouble() * 5);
        string id = await SubmitAsync(key, stored, webhook);
        if (choice == 0)
            (await SubmitAsync(key, stored, webhook)).ShouldBe(id, "a repeated submission makes no second job");
        await Task.Delay(pause, world.Time);
        if (choice is 1 or 2)
            await AgainAsync(() => world.Grains.GetGrain<IJobGrain>(id).CancelAsync());
        if (choice == 2)
            await AgainAsync(() => world.Grains.GetGrain<IJobGrain>(id).DeleteAsync());
        if (choice == 2)
            deleted.Add(id);
        if (choice == 3)
            world.KillWorker();
        if (choice == 4)
            await AgainAsync(() => world.Queue.WorkersGoneAsync("worker/none", ""));
        if (choice == 5)
            await AgainAsync(() => Index.ListAsync(null, 100, null));
    }

    /// <summary>Submits as a client does that repeats its request, with new uploads, until it is answered.</summary>
    private async Task<string> SubmitAsync(string key, bool stored, bool webhook)
    {
        var accepted = await AgainAsync(async () =>
        {
            string id = JobId.New();
            var request = new JobRequest { Inputs = await InputsAsync(id, stored), Webhook = webhook ? "https://example.org/hook" : null };
            return await world.Submitter.SubmitAsync(token, id, request, key, "hash");
        });
        if (this.accepted.TryGetValue(key, out string? before))
            accepted.JobId.ShouldBe(before);
        return this.accepted[key] = accepted.JobId;
    }

    private async Task<JobInput[]> InputsAsync(string id, bool stored)
    {
        try
        {
            return await world.InputsAsync(id, stored);
        }
        catch (InjectedFaultException)
        {
            await world.Files.RemoveAsync(id, CancellationToken.None);
            throw;
        }
    }

    private async Task<T> AgainAsync<T>(Func<Task<T>> act)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await act();
            }
            catch (Exception) when (attempt < 10)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), world.Time);
            }
        }
    }

    private Task<bool> AgainAsync(Func<Task> act) => AgainAsync(async () =>
    {
        await act();
        return true;
    });

    private async Task<string?> HasEndedAsync()
    {
        foreach (var (key, id) in accepted)
        {
            var job = await world.Grains.GetGrain<IJobGrain>(id).GetAsync();
            if (job is { Status: JobStatus.Queued or JobStatus.Running })
            {
                if (job.Request.InputsStored)
                    world.HasInputs(id).ShouldBeTrue($"{key}: the inputs of a living job are gone");
                return $"{key} {id} is {job.Status}, attempt {job.Attempt}";
            }
        }
        var queue = await world.Queue.StatisticsAsync();
        return queue is { Queued: 0, Fetching: 0, Running: 0, Webhooks: 0 } ? null : queue.ToString();
    }

    private async Task CheckRecordsAsync()
    {
        foreach (var (key, id) in accepted)
        {
            world.Storage.Ends.GetValueOrDefault(id).ShouldBe(1, $"{key} {id} has to end once");
            var job = await AgainAsync(() => world.Grains.GetGrain<IJobGrain>(id).GetAsync());
            if (job is { Status: JobStatus.Failed })
            {
                throw new InvalidOperationException(
                    $"{key} failed for a reason of the service: {job.Error} (attempt {job.Attempt}, {job.LostWorkers} workers lost)");
            }

            if (job is null)
                (deleted.Contains(id) || world.Time.GetElapsedTime(from) > World.Keep).ShouldBeTrue($"{key} {id} has no record");
        }
    }

    private async Task<string?> IsGoneAsync()
    {
        var entries = (await Index.ListAsync(null, 100, null)).Entries;
        if (entries.Length > 0)
            return $"the index has {entries[0]}";
        foreach (var (key, id) in accepted)
        {
            if (await world.Grains.GetGrain<IJobGrain>(id).GetAsync() is { } job)
                return $"{key} has the record of a job that is {job.Status}";
        }
        return null;
    }

    /// <summary>A fault may hit the reading of a record that this test needs.</summary>
    private static async Task<string?> LeftAsync(Func<Task<string?>> missing)
    {
        try
        {
            return await missing();
        }
        catch (Exception exception) when (exception is not ShouldAssertException)
        {
            return exception.Message;
        }
    }

    private async Task UntilAsync(string what, Func<Task<string?>> missing, TimeSpan pause)
    {
        long from = world.Time.GetTimestamp();
        while (await LeftAsync(missing) is { } left)
        {
            if (world.Time.GetElapsedTime(from) > Longest)
                throw new TimeoutException($"not true after {Longest.TotalMinutes} minutes of virtual time: {what}; {left}");
            await Task.Delay(pause, world.Time);
        }
    }
}
