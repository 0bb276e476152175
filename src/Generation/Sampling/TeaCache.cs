using Locutor.Networks.Teams;
using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Options of TeaCache (arXiv:2411.19108), which reuses the residual of the blocks from the preceding step.</summary>
/// <param name="Threshold">Accumulated estimated change above which the blocks run again; 0.2 to 0.5 is usual.</param>
/// <param name="Coefficients">Polynomial from the change of the time modulation to the change of the output, highest power first.</param>
/// <param name="AlwaysFirst">Number of steps at the start of a clip that always run.</param>
public sealed record TeaCacheOptions(double Threshold, IReadOnlyList<double> Coefficients, int AlwaysFirst = 5) : StepCacheOptions
{
    /// <summary>Coefficients for Wan 2.1 I2V 14B at 480p, fitted by the authors of TeaCache.</summary>
    public static IReadOnlyList<double> Wan480p { get; } =
    [
        2.57151496e+05, -3.54229917e+04, 1.40286849e+03, -1.35890334e+01, 1.32517977e-01
    ];

    /// <summary>Coefficients for Wan 2.1 I2V 14B at 720p, fitted by the authors of TeaCache.</summary>
    public static IReadOnlyList<double> Wan720p { get; } =
    [
        8.10705460e+03, 2.13393892e+03, -3.72934672e+02, 1.66203073e+01, -4.17769401e-02
    ];

    public override string Name => FormattableString.Invariant($"TeaCache {Threshold}");

    public override IStepCache Create() => new TeaCache(this);
}

/// <summary>
/// The cache of one clip. Each pass has its own residual, so that no guidance branch reads another's. There is one decision per step,
/// because it depends only on the time modulation, which all passes of a step share.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, line 681, at commit 0107cd9.
/// </summary>
public sealed class TeaCache(TeaCacheOptions options) : IStepCache
{
    private readonly Dictionary<Pass, PassResidual> residuals = [];
    private Tensor? previous;
    private double change;
    private bool reuse;

    public int Skipped { get; private set; }

    public void Begin(int step, Tensor latent, Tensor modulation)
    {
        if (previous is not null) change += Estimate(modulation, previous);
        reuse = step >= options.AlwaysFirst && previous is not null && change < options.Threshold;
        if (reuse) Skipped++;
        else change = 0;
        previous?.Dispose();
        previous = modulation.clone().DetachFromDisposeScope();
    }

    public Tensor? Known(Pass pass) => null;

    public PassResidual Residual(Pass pass)
    {
        if (!residuals.TryGetValue(pass, out var residual)) residuals[pass] = residual = new PassResidual();
        residual.Reuse = reuse && !residual.IsEmpty;
        return residual;
    }

    public void Learn(Pass pass, Tensor velocity) { }

    private double Estimate(Tensor now, Tensor before)
    {
        using var scope = NewDisposeScope();
        double relative = ((now - before).abs().mean() / before.abs().mean()).item<float>();
        return options.Coefficients.Aggregate(0.0, (sum, coefficient) => sum * relative + coefficient);
    }

    public void Dispose()
    {
        previous?.Dispose();
        foreach (var residual in residuals.Values) residual.Dispose();
    }
}
