using Locutor.Networks.Teams;
using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Options of EasyCache (arXiv:2507.02860), which skips the network in some steps. It needs no calibration for a model.</summary>
/// <param name="Threshold">Accumulated estimated change of the velocity, relative to its magnitude, above which the network runs again;
/// 0.05 is usual.</param>
/// <param name="AlwaysFirst">Number of steps at the start of a clip that always run, at least 2.</param>
public sealed record EasyCacheOptions(double Threshold, int AlwaysFirst = 3) : StepCacheOptions
{
    public override string Name => FormattableString.Invariant($"EasyCache {Threshold}");

    public override IStepCache Create() => new EasyCache(this);
}

/// <summary>
/// Skips the network in steps where the velocity is expected to change little. The rate at which the velocity v changes with the latent x
/// is almost constant between steps. It is measured from the last two runs of the network, k = |v - v'| / |x - x'|. The expected relative
/// change of a later step is k |x - x'| / |v|; the changes are added up until the threshold is exceeded and the network runs again. In a
/// skipped step, the velocity is the latent plus the difference between velocity and latent of the last run. |.| is the mean of magnitudes;
/// the first pass of a step decides for all passes.
/// </summary>
public sealed class EasyCache(EasyCacheOptions options) : IStepCache
{
    private readonly Dictionary<Pass, Tensor> added = [];
    private Tensor? latent, latentBefore, ranAt, velocity;
    private Pass? first;
    private double rate, change;
    private bool reuse;

    public int Skipped { get; private set; }

    public void Begin(int step, Tensor latent, Tensor modulation)
    {
        Keep(ref latentBefore, this.latent?.alias());
        Keep(ref this.latent, latent.alias());
        first = null;
        reuse = false;
        if (step < Math.Max(2, options.AlwaysFirst) || velocity is null || latentBefore is null) return;
        change += rate * Distance(latent, latentBefore) / Magnitude(velocity);
        reuse = change < options.Threshold;
        if (reuse) Skipped++;
        else change = 0;
    }

    public Tensor? Known(Pass pass) => reuse && added.TryGetValue(pass, out var known) ? latent! + known : null;

    public PassResidual? Residual(Pass pass) => null;

    public void Learn(Pass pass, Tensor velocity)
    {
        first ??= pass;
        if (added.Remove(pass, out var old)) old.Dispose();
        added[pass] = (velocity - latent!).DetachFromDisposeScope();
        if (pass == first) Learn(velocity);
    }

    public void Dispose()
    {
        foreach (var one in added.Values) one.Dispose();
        foreach (var one in new[] { latent, latentBefore, ranAt, velocity }) one?.Dispose();
    }

    private void Learn(Tensor found)
    {
        if (velocity is not null && ranAt is not null)
            rate = Distance(found, velocity) / Math.Max(Distance(latent!, ranAt), double.Epsilon);
        Keep(ref velocity, found.clone());
        Keep(ref ranAt, latent!.alias());
    }

    private static void Keep(ref Tensor? place, Tensor? value)
    {
        place?.Dispose();
        place = value?.DetachFromDisposeScope();
    }

    private static double Distance(Tensor one, Tensor other)
    {
        using var scope = NewDisposeScope();
        return (one - other).abs().mean().item<float>();
    }

    private static double Magnitude(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.abs().mean().item<float>();
    }
}
