using System.Collections.Concurrent;
using Locutor.Jobs.Records;
using Locutor.Service.Files;
using Orleans.Storage;

namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>Puts every call of one of our grains through the plan, whoever makes it.</summary>
internal sealed class FaultyCalls(FaultPlan plan) : IOutgoingGrainCallFilter
{
    public Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.InterfaceMethod.DeclaringType?.Namespace?.StartsWith("Locutor", StringComparison.Ordinal) != true || Actor.IsObserver)
            return context.Invoke();
        if (Actor.IsDead)
            throw new SiloUnavailableException("the caller was killed");
        string caller = context.SourceId is { } source && !source.IsClient() ? source.Type.ToString() : Actor.Name;
        return plan.RunAsync($"{caller}->{context.InterfaceMethod.DeclaringType.Name}.{context.InterfaceMethod.Name}", context.Invoke);
    }
}

/// <summary>The part that makes the calls of the current asynchronous flow.</summary>
internal sealed class Actor(string name)
{
    private static readonly AsyncLocal<Actor?> Present = new();

    public static string Name => Present.Value?.name ?? "service";

    /// <summary>The test that looks on: its calls never fail and are not counted.</summary>
    public static bool IsObserver => Name == "observer";

    public static bool IsDead => Present.Value is { Killed: true };

    private readonly string name = name;

    public bool Killed { get; set; }

    /// <summary>Runs something as this actor.</summary>
    public Task RunAsync(Func<Task> act) => Task.Run(() =>
    {
        Present.Value = this;
        return act();
    });
}

/// <summary>The real SQLite storage behind the plan; it also watches what becomes of every job on disk.</summary>
internal sealed class FaultyStorage(IGrainStorage inner, FaultPlan plan) : IGrainStorage
{
    private readonly ConcurrentDictionary<string, JobRecord> stored = new(StringComparer.Ordinal);

    /// <summary>How often each job has ended.</summary>
    public ConcurrentDictionary<string, int> Ends { get; } = new(StringComparer.Ordinal);

    /// <summary>Jobs that began again after their end.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        plan.StoreAsync($"store.read {stateName}", () => inner.ReadStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        plan.StoreAsync($"store.write {stateName}", async () =>
        {
            await inner.WriteStateAsync(stateName, grainId, grainState);
            if (grainState.State is JobRecord job)
                Note(job);
        });

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        plan.StoreAsync($"store.clear {stateName}", () => inner.ClearStateAsync(stateName, grainId, grainState));

    private void Note(JobRecord job)
    {
        var was = stored.GetValueOrDefault(job.Id)?.Status ?? JobStatus.Queued;
        stored[job.Id] = job;
        if (was.IsTerminal() && !job.Status.IsTerminal())
            Violations.Enqueue($"{job.Id} was {was} and became {job.Status}");
        if (was.IsTerminal() && job.Status != was && job.Status != JobStatus.Expired)
            Violations.Enqueue($"{job.Id} ended as {was} and again as {job.Status}");
        if (!was.IsTerminal() && job.Status.IsTerminal())
            Ends.AddOrUpdate(job.Id, 1, static (_, count) => count + 1);
    }
}

/// <summary>The real data folder with the faults of the plan. The age of a file is measured in virtual time.</summary>
internal sealed class FaultyFiles(IFileStore inner, FaultPlan plan, TimeProvider time) : IFileStore
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> kept = new(StringComparer.Ordinal);

    public string Name => inner.Name;

    public bool SharesWork => inner.SharesWork;

    public Task KeepAsync(string file, string path, string contentType, CancellationToken cancellationToken) =>
        plan.StoreAsync($"files.keep {path.Split('/')[0]}", () =>
        {
            kept[path.Split('/')[1]] = time.GetUtcNow();
            return inner.KeepAsync(file, path, contentType, cancellationToken);
        });

    public Task<string> OnDiskAsync(string path, string folder, CancellationToken cancellationToken) =>
        inner.OnDiskAsync(path, folder, cancellationToken);

    public Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken) => inner.ReadAsync(path, cancellationToken);

    public Task<Stream?> OpenAsync(string path, CancellationToken cancellationToken) => inner.OpenAsync(path, cancellationToken);

    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> WrittenAsync(CancellationToken cancellationToken) =>
        (await inner.WrittenAsync(cancellationToken)).Keys.ToDictionary(id => id, id => kept.GetValueOrDefault(id, time.GetUtcNow()));

    public Task RemoveAsync(string jobId, CancellationToken cancellationToken) =>
        plan.StoreAsync("files.remove", () => inner.RemoveAsync(jobId, cancellationToken));
}
