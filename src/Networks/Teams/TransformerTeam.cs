using Locutor.Kernels;
using Locutor.Networks.VideoTransformer;
using Locutor.Torch.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Networks.Teams;

/// <summary>The video transformer on one device of a team. All devices hold all of its weights.</summary>
/// <param name="Device">The device.</param>
/// <param name="Transformer">The network; the team does not own it.</param>
public sealed record TeamMember(Device Device, VideoTransformer.VideoTransformer Transformer);

/// <summary>
/// Computes the passes of a step on one or several devices of a machine, with a thread for each device. Inputs and results are on the first
/// device. If a device fails, all threads end and the reason is thrown; the team can be used again afterwards unless the device itself is
/// unusable.
/// </summary>
public sealed class TransformerTeam : IDisposable
{
    private readonly IReadOnlyList<TeamMember> members;
    private readonly ConditioningCopies[] copies; // of members 1, 2, ...
    private readonly Dictionary<PassPlace, IReadOnlyList<Exchange>> exchanges = [];
    private readonly int largestGroup;

    /// <summary>Creates a team.</summary>
    /// <param name="members">The devices, each once; tests may give the CPU several times.</param>
    public TransformerTeam(IReadOnlyList<TeamMember> members)
    {
        this.members = members;
        copies = [.. members.Skip(1).Select(member => new ConditioningCopies(member.Device))];
        largestGroup = PeerAccess.IsPossible([.. members.Select(member => member.Device)]) ? members.Count : 1;
    }

    /// <summary>The network on the first device.</summary>
    public VideoTransformer.VideoTransformer Lead => members[0].Transformer;

    /// <summary>Number of devices.</summary>
    public int Count => members.Count;

    /// <summary>Returns how the passes of a step are divided.</summary>
    public PassPlan Plan(int passes) => PassPlan.Choose(passes, Count, Lead.Config.Heads, largestGroup);

    /// <summary>Returns a message if some devices stay idle in a step of so many passes; null if all are used.</summary>
    public string? IdleNotice(int passes)
    {
        int used = Plan(passes).Devices, heads = Lead.Config.Heads;
        if (used == Count) return null;
        string reason = largestGroup == 1
            ? "the GPUs have no access to each other's memory, so they divide only the passes of a step"
            : $"the tokens of a pass are divided by heads, and {heads} heads divide by " +
                string.Join(", ", Enumerable.Range(1, heads).Where(number => heads % number == 0));
        return $"{used} of {Count} GPUs are used: a step has {passes} {(passes == 1 ? "pass" : "passes")}, {reason}";
    }

    /// <summary>Prepares the passes of a clip.</summary>
    /// <param name="reference">[1, 20, F, H, W]: conditioning mask, then reference latent.</param>
    public ClipPasses Begin(Tensor reference) => new(this, members, reference);

    /// <summary>Frees copies of keys and values, and the streams between the devices.</summary>
    public void Dispose()
    {
        foreach (var one in copies) one.Dispose();
        foreach (var exchange in exchanges.Values.SelectMany(group => group)) exchange.Dispose();
    }

    internal void FreeUnused()
    {
        foreach (var one in copies) one.FreeUnused();
    }

    internal Conditioning ConditioningOn(int device, Conditioning given) => device == 0 ? given : copies[device - 1].Copy(given);

    /// <summary>Returns the share of each device of a place in the tokens of a pass.</summary>
    internal TokenShare?[] Shares(PassPlace place, PatchGrid grid)
    {
        if (place.Count == 1) return [null];
        if (!exchanges.TryGetValue(place, out var group))
            exchanges[place] = group = Exchange.Create([.. members.Skip(place.First).Take(place.Count).Select(member => member.Device)]);
        bool bytes = members[0].Device.type == DeviceType.CUDA
            && EightBitAttention.Serves(members[0].Device, Lead.Config.HeadWidth, Lead.Linears, grid.Tokens);
        var ranges = TokenRange.Split(grid, place.Count, bytes ? PlainEightBitAttention.Tile : 1);
        return [.. group.Select(exchange => TokenShare.From(grid, ranges, exchange))];
    }

    /// <summary>Runs work on several devices at the same time.</summary>
    internal T[] Run<T>(int devices, Func<int, CancellationToken, T> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = exchanges.Values.SelectMany(group => group).ToList();
        try
        {
            return DeviceThreads.Run([.. members.Take(devices).Select(member => member.Device)], device => work(device, stop.Token), Stop);
        }
        finally
        {
            if (stop.IsCancellationRequested)
                foreach (var exchange in all) exchange.Reset();
        }

        void Stop()
        {
            stop.Cancel();
            foreach (var exchange in all) exchange.Break();
        }
    }
}
