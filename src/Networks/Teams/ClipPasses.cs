using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Networks.Teams;

/// <summary>Computes the passes of one clip on the devices of a team.</summary>
public sealed class ClipPasses : IDisposable
{
    private readonly TransformerTeam team;
    private readonly IReadOnlyList<TeamMember> members;
    private readonly Tensor[] references;
    private readonly RotaryTable[] rotaries;
    private readonly PatchGrid grid;

    internal ClipPasses(TransformerTeam team, IReadOnlyList<TeamMember> members, Tensor reference)
    {
        (this.team, this.members) = (team, members);
        grid = team.Lead.Grid(reference.shape[2], reference.shape[3], reference.shape[4]);
        references = [.. Enumerable.Range(0, members.Count).Select(device => On(device, reference))];
        var first = RotaryTable.Create(team.Lead.Config.HeadWidth, grid, members[0].Device);
        rotaries = [first, .. members.Skip(1).Select(member => first.To(member.Device))];
    }

    /// <summary>Computes the velocities of the passes of a step.</summary>
    /// <param name="latent">[1, 16, F, H, W]</param>
    /// <param name="time">Time embedding of the step.</param>
    /// <param name="passes">The passes.</param>
    /// <param name="cancellationToken">Cancels before a block.</param>
    /// <returns>Velocities in the order of the passes, [1, 16, F, H, W] each, float32, on the first device.</returns>
    public IReadOnlyList<Tensor> Forward(
        Tensor latent, TimeEmbedding time, IReadOnlyList<PassRequest> passes, CancellationToken cancellationToken = default)
    {
        var plan = team.Plan(Math.Max(1, passes.Count));
        PassPlace[] places = [.. passes.Select((pass, i) => pass.Residual?.Place(plan.PlaceOf(i)) ?? plan.PlaceOf(i))];
        if (places.All(place => place is { First: 0, Count: 1 }))
            return [.. passes.Select(pass => RunOn(0, latent, time, pass with { Conditioning = Given(0, pass) }, null, cancellationToken))];

        int devices = places.Max(place => place.First + place.Count);
        var shares = places.Select(place => team.Shares(place, grid)).ToArray();
        // Inputs are copied before the threads start: a copy waits for the work that is queued on both devices.
        var inputs = Enumerable.Range(0, devices).Select(device => InputsOn(device, latent, time, places, passes)).ToArray();
        try
        {
            var made = team.Run(devices, (device, stop) => RunAll(device, inputs[device], places, shares, stop), cancellationToken);
            return [.. places.Select((place, i) => Moved(made, place.First, i))];
        }
        finally
        {
            foreach (var one in inputs) one.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var one in references) one.Dispose();
        foreach (var one in rotaries) one.Dispose();
        team.FreeUnused();
    }

    /// <summary>Computes the passes in which a device takes part, in the same order on all devices.</summary>
    private Tensor?[] RunAll(
        int device, DeviceInputs inputs, PassPlace[] places, TokenShare?[][] shares,
        CancellationToken cancellationToken) => [.. places.Select((place, i) =>
    {
        if (!place.Contains(device)) return null;
        var velocity = RunOn(device, inputs.Latent, inputs.Time, inputs.Passes[i]!, shares[i][device - place.First], cancellationToken)
            .DetachFromDisposeScope();
        if (device == place.First) return velocity;
        velocity.Dispose(); // every device of a group has the whole velocity
        return null;
    })];

    private Tensor RunOn(
        int device, Tensor latent, TimeEmbedding time, PassRequest pass, TokenShare? share,
        CancellationToken cancellationToken) => members[device].Transformer.Forward(
        latent, references[device], time, pass.Conditioning, rotaries[device], pass.Residual?.Part(device), share, cancellationToken);

    private DeviceInputs InputsOn(int device, Tensor latent, TimeEmbedding time, PassPlace[] places, IReadOnlyList<PassRequest> passes)
    {
        PassRequest?[] given =
        [
            .. passes.Select((pass, i) => places[i].Contains(device) ? pass with { Conditioning = Given(device, pass) } : null)
        ];
        return new(On(device, latent), new TimeEmbedding(On(device, time.Embedded), On(device, time.Modulation)), given);
    }

    private Conditioning Given(int device, PassRequest pass) =>
        team.ConditioningOn(device, pass.Conditioning) with { Tiles = pass.Tiles?[device] };

    /// <summary>Moves a velocity to the first device and to the dispose scope of the caller.</summary>
    private Tensor Moved(Tensor?[][] made, int device, int pass)
    {
        using var velocity = made[device][pass]!;
        return device == 0 ? velocity.alias() : velocity.to(members[0].Device, copy: true);
    }

    /// <summary>Returns a tensor of the first device on another one, in no dispose scope.</summary>
    private Tensor On(int device, Tensor x) =>
        (device == 0 ? x.alias() : x.to(members[device].Device, copy: true)).DetachFromDisposeScope();

    private sealed record DeviceInputs(Tensor Latent, TimeEmbedding Time, IReadOnlyList<PassRequest?> Passes) : IDisposable
    {
        public void Dispose()
        {
            Latent.Dispose();
            Time.Dispose();
        }
    }
}
