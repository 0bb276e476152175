using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>
/// Determines the passes of a step and combines their velocities. Each clip needs a new instance, because projected guidance has momentum.
/// Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py, line 719, at commit 0107cd9.
/// </summary>
public sealed class Guidance : IDisposable
{
    private readonly GuidanceOptions options;
    private readonly ProjectedGuidance? text;
    private readonly ProjectedGuidance? audio;

    public Guidance(GuidanceOptions options)
    {
        this.options = options;
        Passes = PassesOf(options);
        if (options.Projected is null) return;
        text = new ProjectedGuidance(options.Projected);
        audio = new ProjectedGuidance(options.Projected);
    }

    /// <summary>The passes of a guided step, in the order in which <see cref="Combine"/> expects their velocities.</summary>
    public IReadOnlyList<Pass> Passes { get; }

    /// <summary>Returns the passes of a step, counted from 0.</summary>
    public IReadOnlyList<Pass> PassesAt(int step) => step < (options.GuidedSteps ?? int.MaxValue) ? Passes : [Pass.Conditional];

    /// <summary>Returns the number of passes in all steps of a clip.</summary>
    public static int PassesOfClip(GuidanceOptions options, int steps)
    {
        int guided = Math.Min(steps, options.GuidedSteps ?? steps);
        return guided * PassesOf(options).Count + steps - guided;
    }

    public static IReadOnlyList<Pass> PassesOf(GuidanceOptions options) => (IsOne(options.Text), IsOne(options.Audio)) switch
    {
        (true, true) => [Pass.Conditional],
        (true, false) => [Pass.Conditional, Pass.AudioDropped],
        (false, true) => [Pass.Conditional, Pass.TextDropped],
        _ => [Pass.Conditional, Pass.TextDropped, Pass.Unconditional],
    };

    /// <summary>Returns the guided velocity, [16, F, H, W].</summary>
    /// <param name="v">Velocities of the passes from <see cref="PassesAt"/>, each [16, F, H, W].</param>
    public Tensor Combine(IReadOnlyList<Tensor> v)
    {
        using var scope = NewDisposeScope();
        double second = Passes[^1] == Pass.TextDropped ? options.Text : options.Audio;
        var guided = v.Count switch
        {
            1 => v[0].alias(),
            2 when audio is null => v[1] + (v[0] - v[1]) * second,
            2 => v[0] + audio.Update(v[0] - v[1], v[0]) * (second - 1),
            _ when audio is null => v[2] + (v[0] - v[1]) * options.Text + (v[1] - v[2]) * options.Audio,
            _ => v[0] + text!.Update(v[0] - v[1], v[0]) * (options.Text - 1) + audio.Update(v[1] - v[2], v[0]) * (options.Audio - 1),
        };
        return guided.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        text?.Dispose();
        audio?.Dispose();
    }

    private static bool IsOne(double scale) => Math.Abs(scale - 1) < 1e-9;
}
