using System.Collections.Concurrent;
using System.Globalization;

namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>The fate of a call.</summary>
internal enum FaultKind
{
    /// <summary>It fails, and nothing was done.</summary>
    Before,

    /// <summary>It is done, and its answer is lost.</summary>
    After,

    /// <summary>It is done later, and others overtake it.</summary>
    Delay,
}

/// <summary>One fault: the n-th call at a site, counted from 1.</summary>
internal sealed record Fault(string Site, int Call, FaultKind Kind, TimeSpan Delay)
{
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Kind} at call {Call} of {Site}{(Delay > TimeSpan.Zero ? $" after {Delay.TotalSeconds:0.0} s" : "")}");
}

/// <summary>The failure that callers see.</summary>
internal sealed class InjectedFaultException(Fault fault) : IOException($"injected: {fault}");

/// <summary>The faults of one schedule. Every call between grains, stores and workers passes through <see cref="RunAsync"/>.</summary>
internal sealed class FaultPlan(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, int> calls = new(StringComparer.Ordinal);
    private IReadOnlyList<Fault> faults = [];
    private (long From, TimeSpan Length)? outage;
    private int under;

    /// <summary>How often each site was called since the schedule began.</summary>
    public IReadOnlyDictionary<string, int> Calls => calls;

    /// <summary>Store operations under way, some of them on threads of their own.</summary>
    public int UnderWay => Volatile.Read(ref under);

    public ConcurrentQueue<Fault> Hit { get; } = new();

    public void Begin(IReadOnlyList<Fault> faults)
    {
        calls.Clear();
        Hit.Clear();
        this.faults = faults;
    }

    /// <summary>From here on nothing fails.</summary>
    public void End() => faults = [];

    public async Task RunAsync(string site, Func<Task> act)
    {
        int call = calls.AddOrUpdate(site, 1, static (_, count) => count + 1);
        var fault = faults.FirstOrDefault(fault => fault.Site == site && fault.Call == call);
        if (fault is not null)
        {
            Hit.Enqueue(fault);
            if (fault.Delay > TimeSpan.Zero)
                await Task.Delay(fault.Delay, time);
            if (fault.Kind is FaultKind.Before)
                throw new InjectedFaultException(fault);
        }
        await act();
        if (fault?.Kind is FaultKind.After)
            throw new InjectedFaultException(fault);
    }

    /// <summary>From now on the database fails every call for the given time.</summary>
    public void BreakDatabase(TimeSpan length) => outage = (time.GetTimestamp(), length);

    public Task StoreAsync(string site, Func<Task> act) => RunAsync(site, async () =>
    {
        if (outage is { } lost && site.StartsWith("store.", StringComparison.Ordinal) && time.GetElapsedTime(lost.From) < lost.Length)
            throw new IOException("the database cannot be reached");
        Interlocked.Increment(ref under);
        try
        {
            await act();
        }
        finally
        {
            Interlocked.Decrement(ref under);
        }
    });

    /// <summary>
    /// For the first seeds, one fault at one site, so that every site gets both kinds of faults; for later seeds, two faults with delays.
    /// </summary>
    public static IReadOnlyList<Fault> Choose(int seed, IReadOnlyDictionary<string, int> sites)
    {
        string[] names = sites.Keys.Order(StringComparer.Ordinal).ToArray();
        var random = TestSeed.NewRandom(seed);
        Fault One(string site, FaultKind kind) => new(site, random.Next(1, sites[site] + 1), kind,
            kind is FaultKind.Delay || random.Next(4) == 0 ? TimeSpan.FromSeconds(random.NextDouble() * 12) : TimeSpan.Zero);
        if (seed < names.Length * 2)
            return [One(names[seed / 2], (FaultKind)(seed % 2))];
        return [.. Enumerable.Range(0, random.Next(2, 5)).Select(_ => One(names[random.Next(names.Length)], (FaultKind)random.Next(3)))];
    }
}
