namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>
/// A clock that stands still while anything is being done and jumps to the next timer when nothing is: minutes of waiting pass in
/// milliseconds, and a slow machine sees no time-out that a fast one would not see.
/// </summary>
internal sealed class VirtualTime : TimeProvider, IDisposable
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(Timer Timer, long Change), (long At, long Order)> _due = new();
    private readonly Func<int> _busy;
    private readonly Thread _thread;
    private long _now = DateTimeOffset.UtcNow.UtcTicks;
    private long _order;
    private volatile bool _over;

    /// <param name="busy">How many operations are under way that the thread pool does not know of.</param>
    public VirtualTime(Func<int> busy)
    {
        _busy = busy;
        _thread = new Thread(Run) { IsBackground = true, Name = "virtual time" };
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Start() => _thread.Start();

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    // A loop that asks until less than a millisecond is over waits for no timer, so asking takes a microsecond.
    public override long GetTimestamp() => Interlocked.Add(ref _now, TimeSpan.TicksPerMicrosecond);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Dispose()
    {
        _over = true;
        if (_thread.IsAlive && Thread.CurrentThread != _thread)
            _thread.Join();
    }

    private void Run()
    {
        var spins = 0;
        while (!_over)
        {
            if (IsQuiet() && IsQuiet())
            {
                spins = 0;
                Jump();
            }
            else if (++spins < 30)
                Thread.Yield();
            else
                Thread.Sleep(1);
        }
    }

    private bool IsQuiet()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var available, out _);
        return available == most && ThreadPool.PendingWorkItemCount == 0 && _busy() == 0;
    }

    private void Jump()
    {
        Timer? timer = null;
        lock (_lock)
        {
            while (_due.TryDequeue(out var next, out var at))
            {
                if (!next.Timer.Takes(next.Change))
                    continue;
                if (at.At > Volatile.Read(ref _now))
                    Volatile.Write(ref _now, at.At);
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
        private long _change;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                _change++;
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    time._due.Enqueue((this, _change), (time._now + dueTime.Ticks, time._order++));
            }
            return true;
        }

        /// <summary>Whether the change is the latest one; a periodic timer is due again.</summary>
        public bool Takes(long change) => change == _change;

        public void Fire()
        {
            if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
                Change(_period, _period);
            ThreadPool.UnsafeQueueUserWorkItem(static act => act(), callback, preferLocal: false);
        }

        public void Dispose()
        {
            lock (time._lock)
                _change++;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
