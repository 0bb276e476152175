namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>
/// A clock for tests: it stops while any work is running and jumps to the next timer when all work waits. So minutes of waiting take
/// milliseconds, and a slow machine has the same time-outs as a fast one.
/// </summary>
internal sealed class VirtualTime : TimeProvider, IDisposable
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<(Timer Timer, long Change), (long At, long Order)> due = new();
    private readonly Func<int> busy;
    private readonly Thread thread;
    private long now = DateTimeOffset.UtcNow.UtcTicks;
    private long order;
    private volatile bool over;

    /// <param name="busy">Returns the number of running operations that the thread pool does not count.</param>
    public VirtualTime(Func<int> busy)
    {
        this.busy = busy;
        thread = new Thread(Run) { IsBackground = true, Name = "virtual time" };
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Start() => thread.Start();

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    // A loop that polls the time for less than a millisecond uses no timer, so each call advances the clock by a microsecond.
    public override long GetTimestamp() => Interlocked.Add(ref now, TimeSpan.TicksPerMicrosecond);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        // Orleans watches the thread pool ten times a second, which is a matter of real time, and would be half of all timers here.
        if (state?.GetType().Name == "ThreadPoolStallDetector")
            return System.CreateTimer(callback, state, dueTime, period);
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Dispose()
    {
        over = true;
        if (thread.IsAlive && Thread.CurrentThread != thread)
            thread.Join();
    }

    private void Run()
    {
        while (!over)
        {
            if (IsQuiet() && IsQuiet())
                Jump();
            else
                Thread.Sleep(1); // hardly any work ends within the tenth of a millisecond that a thread could spin instead
        }
    }

    private bool IsQuiet()
    {
        ThreadPool.GetMaxThreads(out int most, out _);
        ThreadPool.GetAvailableThreads(out int available, out _);
        return available == most && ThreadPool.PendingWorkItemCount == 0 && busy() == 0;
    }

    private void Jump()
    {
        Timer? timer = null;
        lock (gate)
        {
            while (due.TryDequeue(out var next, out var at))
            {
                if (!next.Timer.Takes(next.Change))
                    continue;
                if (at.At > Volatile.Read(ref now))
                    Volatile.Write(ref now, at.At);
                timer = next.Timer;
                break;
            }
        }
        if (timer is null)
            Thread.Sleep(1);
        else
            timer.Fire();
    }

    private sealed class Timer(VirtualTime time, Action callback) : ITimer
    {
        private long change;
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                change++;
                this.period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    time.due.Enqueue((this, change), (time.now + dueTime.Ticks, time.order++));
            }
            return true;
        }

        /// <summary>Whether the change is the latest one; a periodic timer is due again.</summary>
        public bool Takes(long change) => change == this.change;

        /// <summary>
        /// Does the work of the timer in this thread: nearly all of it is a few steps to the next wait, and waking a thread of the pool,
        /// and waiting until that thread sleeps again, would take longer.
        /// </summary>
        public void Fire()
        {
            if (period != Timeout.InfiniteTimeSpan && period > TimeSpan.Zero)
                Change(period, period);
            callback();
        }

        public void Dispose()
        {
            lock (time.gate)
                change++;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
