using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Torch.Devices;

/// <summary>
/// One member of a group of devices that exchange parts of tensors. Each member runs on its own thread (<see cref="DeviceThreads"/>), and
/// all members make the same calls in the same order. Each member copies the parts that it needs from the others. CUDA events mark when
/// the tensors are computed and when the copies are done, so that no thread waits for a device. Copies run in parallel to computations
/// until <see cref="Arrive"/>.
/// </summary>
public sealed class Exchange : IDisposable
{
    private readonly Rendezvous meeting;
    private readonly Lazy<ICopyStream> stream; // created on the member's thread, because this changes the current GPU of the thread
    private readonly List<Tensor> read = []; // tensors of this member that others may still read

    private Exchange(Rendezvous meeting, Device device, int member, int members)
    {
        (this.meeting, Member, Members) = (meeting, member, members);
        stream = new(() => device.type == DeviceType.CUDA ? new PeerCopyStream(Math.Max(0, device.index)) : new HostCopyStream());
    }

    /// <summary>Number of this member, from 0.</summary>
    public int Member { get; }

    /// <summary>Number of members.</summary>
    public int Members { get; }

    /// <summary>Creates all members of a group. GPUs must have access to each other's memory.</summary>
    /// <param name="devices">Device of each member. Several members may be on the CPU.</param>
    public static IReadOnlyList<Exchange> Create(IReadOnlyList<Device> devices)
    {
        var meeting = new Rendezvous(devices.Count);
        PeerAccess.Enable(devices);
        return [.. devices.Select((device, i) => new Exchange(meeting, device, i, devices.Count))];
    }

    /// <summary>
    /// Starts an all-to-all exchange: every member divides its tensor along one axis, one part for each member, and joins the parts that
    /// it gets along another axis, in the order of the members. The result is filled after <see cref="Arrive"/>.
    /// </summary>
    /// <param name="mine">Tensor of this member. All members have the same shape but for the axis <paramref name="join"/>.</param>
    /// <param name="split">Axis to divide.</param>
    /// <param name="parts">Part of each member along that axis. Parts may overlap.</param>
    /// <param name="join">Axis to join, another one.</param>
    public Tensor Start(Tensor mine, int split, IReadOnlyList<(long From, long Length)> parts, int join)
    {
        var (result, own) = StartWithoutOwn(mine, split, parts, join);
        using (own)
        using (var part = mine.narrow(split, parts[Member].From, parts[Member].Length))
            stream.Value.Copy(own, part);
        return result;
    }

    /// <summary>
    /// Starts an all-to-all exchange (<see cref="Start"/>) that leaves out the part from this member to itself. The caller fills it, and
    /// only the parts for other members need to be computed before this call.
    /// </summary>
    /// <returns>The result, and the view of it that the caller fills.</returns>
    public (Tensor Result, Tensor Own) StartWithoutOwn(Tensor mine, int split, IReadOnlyList<(long From, long Length)> parts, int join)
    {
        var copies = stream.Value;
        read.Add(mine.alias().DetachFromDisposeScope()); // keeps the memory until all have copied, even if the caller disposes it
        long[] shape = mine.shape;
        shape[split] = parts[Member].Length;
        long length = shape[join];
        var offers = meeting.Share(Member, (Tensor: read[^1], Ready: copies.MarkWork(), Length: length));
        long[] starts = [.. offers.Select((_, i) => offers.Take(i).Sum(offer => offer.Length))];
        shape[join] = offers.Sum(offer => offer.Length);
        var result = empty(shape, mine.dtype, mine.device);
        copies.CopiesWaitFor(offers[Member].Ready); // the memory of the result may have been in use until now
        for (int i = 1; i < Members; i++)
        {
            int other = (Member + i) % Members; // each member begins with a different one, so that the copies use different links
            using var part = offers[other].Tensor.narrow(split, parts[Member].From, parts[Member].Length);
            using var to = result.narrow(join, starts[other], offers[other].Length);
            copies.ForeignCopiesWaitFor(offers[other].Ready);
            copies.Copy(to, part);
        }

        return (result, result.narrow(join, starts[Member], length));
    }

    /// <summary>
    /// Makes later work of this member wait for all exchanges that were started. Afterwards their results are filled, and the tensors that
    /// were given to them may be changed or freed.
    /// </summary>
    public void Arrive()
    {
        // It waits for the others' copies too: later work may overwrite the memory of a tensor that is freed now.
        foreach (nint mark in meeting.Share(Member, stream.Value.MarkCopies())) stream.Value.WorkWaitsFor(mark);
        Release();
    }

    /// <summary>Joins the tensors of all members along an axis; they have two axes or more.</summary>
    public Tensor Gather(Tensor mine, int axis)
    {
        var whole = StartGather(mine, axis);
        Arrive();
        return whole;
    }

    /// <summary>
    /// Starts to join the tensors of all members along an axis; they have two axes or more. The result is filled after
    /// <see cref="Arrive"/>.
    /// </summary>
    public Tensor StartGather(Tensor mine, int axis)
    {
        int along = axis == 0 ? 1 : 0; // every member takes the whole tensor, so any other axis can be the divided one
        return Start(mine, along, [.. Enumerable.Repeat((0L, mine.shape[along]), Members)], axis);
    }

    /// <summary>Adds up the tensors of all members, in their order, so that every member gets the same bits.</summary>
    public Tensor Sum(Tensor mine)
    {
        using var scope = NewDisposeScope();
        return Gather(mine.unsqueeze(0), 0).sum([0]).MoveToOuterDisposeScope();
    }

    /// <summary>Makes all members fail at their next exchange.</summary>
    public void Break() => meeting.Break();

    /// <summary>Prepares the group for another run after all of its threads have ended.</summary>
    public void Reset()
    {
        Release();
        meeting.Reset();
    }

    public void Dispose()
    {
        Release();
        if (stream.IsValueCreated) stream.Value.Dispose();
    }

    private void Release()
    {
        foreach (var tensor in read) tensor.Dispose();
        read.Clear();
    }
}
