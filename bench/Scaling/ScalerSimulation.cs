namespace Locutor.Scaling.Bench;

/// <summary>The parameters of the scaling rule in deploy/kubernetes/components/gpu-pool/scaling.yaml.</summary>
/// <param name="Target">Jobs (waiting and running) for each worker.</param>
/// <param name="Window">Seconds for which a lower number of workers must be wanted before workers are ended.</param>
/// <param name="Cooldown">Seconds without any job after which the last worker is ended.</param>
internal sealed record ScalingRule(double Target, double Window, double Cooldown);

/// <summary>The outcome of a day.</summary>
/// <param name="GpuHours">Time for which workers existed, which is paid.</param>
/// <param name="BusyShare">Share of that time in which they ran jobs.</param>
internal sealed record DayOutcome(
    double GpuHours, double BusyShare, double MedianWait, double Wait95, double LongestWait, int Starts, int Most);

/// <summary>
/// Simulates a day of load with KEDA and the horizontal pod autoscaler, by their documented rules: they poll every 15 s; the wanted number
/// of workers is the number of jobs divided by the target; a difference within 10 % has no effect; in 15 s the number of pods at most
/// doubles, or grows by four; workers are ended only if fewer were wanted during the whole window; the last one is ended after the
/// cooldown. A worker needs the time of a cold start, runs one job at a time, and finishes its job before it ends.
/// </summary>
internal sealed class ScalerSimulation(ScalingRule rule, double coldStart, int mostWorkers)
{
    private const double Poll = 15, Tolerance = 0.1;

    private readonly List<Worker> workers = [];
    private readonly Queue<DayJob> waiting = new();
    private readonly Queue<(double At, int Wanted)> wanted = new();
    private readonly List<double> waits = [];
    private double paid, busy, lastJob = double.NegativeInfinity;
    private int starts, most;

    public DayOutcome Run(IReadOnlyList<DayJob> jobs)
    {
        int next = 0;
        double nextPoll = 0;
        for (double now = 0; next < jobs.Count || waiting.Count > 0 || workers.Count > 0; now++)
        {
            for (; next < jobs.Count && jobs[next].At <= now; next++)
                waiting.Enqueue(jobs[next]);
            Work(now);
            if (now >= nextPoll)
            {
                nextPoll = now + Poll;
                Scale(now);
            }
            paid += workers.Count;
            most = Math.Max(most, workers.Count);
        }
        waits.Sort();
        double At(double part) => waits[(int)Math.Min(waits.Count - 1, waits.Count * part)];
        return new DayOutcome(paid / 3600, busy / paid, At(0.5), At(0.95), waits[^1], starts, most);
    }

    private void Work(double now)
    {
        foreach (var worker in workers)
        {
            if (worker.FreeAt > now || worker.Ends || !waiting.TryDequeue(out var job))
                continue;
            waits.Add(now - job.At);
            busy += job.Seconds;
            worker.FreeAt = now + job.Seconds;
            worker.HasJob = true;
        }
        foreach (var worker in workers.Where(worker => worker.FreeAt <= now))
            worker.HasJob = false;
        workers.RemoveAll(worker => worker.Ends && !worker.HasJob);
    }

    private void Scale(double now)
    {
        int jobs = waiting.Count + workers.Count(worker => worker.HasJob);
        int current = workers.Count(worker => !worker.Ends);
        if (jobs > 0)
            lastJob = now;
        int ask = Math.Min(mostWorkers, (int)Math.Ceiling(jobs / rule.Target));
        wanted.Enqueue((now, ask));
        while (wanted.Peek().At < now - rule.Window)
            wanted.Dequeue();
        int target = TargetOf(now, jobs, current, ask);
        for (; current < target; current++, starts++)
            workers.Add(new Worker { FreeAt = now + coldStart });
        // Kubernetes ends the youngest pods first.
        foreach (var worker in workers.Where(worker => !worker.Ends).Reverse().Take(current - target).ToArray())
            worker.Ends = true;
    }

    private int TargetOf(double now, int jobs, int current, int ask)
    {
        int kept = Math.Min(current, wanted.Max(past => past.Wanted));
        if (current == 0)
            return Math.Min(1, ask);
        if (jobs == 0)
            return now - lastJob >= rule.Cooldown ? 0 : Math.Max(1, kept);
        if (Math.Abs(jobs / (rule.Target * current) - 1) <= Tolerance)
            return current;
        return ask > current ? Math.Min(ask, current + Math.Max(4, current)) : Math.Max(ask, kept);
    }

    private sealed class Worker
    {
        public double FreeAt { get; set; }
        public bool HasJob { get; set; }
        public bool Ends { get; set; }
    }
}
