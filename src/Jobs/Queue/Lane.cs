using Locutor.Jobs.Records;

namespace Locutor.Jobs.Queue;

/// <summary>
/// The waiting jobs of one owner. Jobs with equal needs form a group, so that a worker finds the first job that it can run without a
/// look at every job.
/// </summary>
internal sealed class Lane
{
    private static readonly (int, long, string) First = (int.MinValue, long.MinValue, "");

    private readonly Dictionary<JobNeeds, SortedSet<(int Rank, long Order, string Id)>> groups = [];

    public int Count { get; private set; }

    public int Running { get; set; }

    public long LastTurn { get; set; }

    /// <summary>The number of jobs of this owner that may run at a time; 0 for any number.</summary>
    public int MaxRunning { get; private set; }

    /// <summary>The number of jobs that may start now.</summary>
    public int Free => MaxRunning == 0 ? int.MaxValue : Math.Max(0, MaxRunning - Running);

    public bool Add(Waiting job)
    {
        if (!groups.TryGetValue(job.Needs, out var group))
            groups[job.Needs] = group = [];
        if (!group.Add(KeyOf(job)))
            return false;
        MaxRunning = job.MaxRunning;
        Count++;
        return true;
    }

    public void Remove(Waiting job)
    {
        if (!groups.TryGetValue(job.Needs, out var group) || !group.Remove(KeyOf(job)))
            return;
        Count--;
        if (group.Count == 0)
            groups.Remove(job.Needs);
    }

    /// <summary>Returns the id of the first job that fits the offer; null when none does.</summary>
    public string? FirstFor(WorkerOffer offer)
    {
        var first = groups.Where(group => offer.Fits(group.Key)).Select(group => group.Value.Min).DefaultIfEmpty().Min();
        return first.Id;
    }

    /// <summary>Counts the jobs that come before this one.</summary>
    public int AheadOf(Waiting job) =>
        groups.Values.Sum(group => group.GetViewBetween(First, KeyOf(job)).Count) - 1;

    /// <summary>Counts the jobs that fit the offer, with the order of the oldest one.</summary>
    public (int Count, long Oldest) CountFor(WorkerOffer offer)
    {
        var fitting = groups.Where(group => offer.Fits(group.Key)).Select(group => group.Value).ToArray();
        return (fitting.Sum(group => group.Count), fitting.Select(group => group.Min.Order).DefaultIfEmpty(long.MaxValue).Min());
    }

    private static (int Rank, long Order, string Id) KeyOf(Waiting job) => (-job.Priority, job.Order, job.Id);
}
