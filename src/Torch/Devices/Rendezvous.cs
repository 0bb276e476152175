namespace Locutor.Torch.Devices;

/// <summary>
/// A barrier for a fixed number of threads, at which each thread passes one value to all others. If a member breaks it, every thread that
/// waits or arrives later gets a <see cref="GroupBrokenException"/>, so that no thread waits for a failed one.
/// </summary>
/// <param name="members">Number of threads.</param>
internal sealed class Rendezvous(int members)
{
    private readonly object gate = new();
    private object?[] values = new object?[members], complete = [];
    private int arrived;
    private long round;
    private bool broken;

    /// <summary>Waits until every member has passed its value of this round.</summary>
    /// <param name="member">Number of the calling member, from 0.</param>
    /// <param name="value">Value for the other members.</param>
    /// <returns>The values of all members, in their order.</returns>
    /// <exception cref="GroupBrokenException">Another member has failed.</exception>
    public T[] Share<T>(int member, T value)
    {
        lock (gate)
        {
            if (broken) throw new GroupBrokenException();
            long mine = round;
            values[member] = value;
            if (++arrived == members)
            {
                (complete, values) = (values, new object?[members]);
                arrived = 0;
                round++;
                Monitor.PulseAll(gate);
            }

            while (round == mine && !broken) Monitor.Wait(gate);
            if (round == mine) throw new GroupBrokenException();
            // No later round can complete before this member takes part in it, so these are the values of its own round.
            return [.. complete.Select(one => (T)one!)];
        }
    }

    /// <summary>Makes all members fail that wait or arrive later.</summary>
    public void Break()
    {
        lock (gate)
        {
            broken = true;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Prepares the barrier for new threads. Call it only while no thread waits.</summary>
    public void Reset()
    {
        lock (gate) (arrived, broken) = (0, false);
    }
}

/// <summary>Thrown when another thread of the group has failed; the exception of that thread has the reason.</summary>
public sealed class GroupBrokenException() : Exception("another device of the group has failed");
