namespace Locutor.Generation.Sampling;

/// <summary>
/// Timesteps of a clip, from 1000 (noise) down to 0: linspace(1000, 1, steps) and a final 0. Each timestep t is shifted towards noise to
/// 1000 s u / (1 + (s - 1) u) with u = t / 1000 and shift s. Reference: MeiGen-AI/InfiniteTalk, wan/multitalk.py, line 95, at commit
/// 0107cd9.
/// </summary>
public static class NoiseSchedule
{
    private const float Last = 1000;

    private static readonly float[] Four = [1000, 750, 500, 250], Two = [1000, 500];

    /// <summary>Returns the timesteps of the reference.</summary>
    /// <param name="steps">Number of steps, 1 to 1000.</param>
    /// <param name="shift">Shift, above 0; 1 has no effect.</param>
    /// <returns>steps + 1 timesteps.</returns>
    public static float[] Timesteps(int steps, double shift)
    {
        double stride = steps > 1 ? (1 - (double)Last) / (steps - 1) : 0;
        return Shifted(Enumerable.Range(0, steps).Select(i => (float)(Last + i * stride)), shift);
    }

    /// <summary>
    /// Timesteps of weights distilled to few steps: 1000, 750, 500, 250 for four steps, 1000, 500 for two, otherwise those of
    /// <see cref="Timesteps"/>. Reference: Soul-AILab/SoulX-FlashTalk, flash_talk/src/pipeline/flash_talk_pipeline.py, line 150, at commit
    /// 688982e.
    /// </summary>
    /// <param name="steps">Number of steps, 1 to 1000.</param>
    /// <param name="shift">Shift, above 0; 1 has no effect.</param>
    /// <returns>steps + 1 timesteps.</returns>
    public static float[] FewSteps(int steps, double shift) => steps switch
    {
        4 => Shifted(Four, shift),
        2 => Shifted(Two, shift),
        _ => Timesteps(steps, shift),
    };

    /// <summary>
    /// Timesteps of weights distilled to even steps: linspace(1000, 0, steps + 1), shifted. The last step begins far from 0, so no pass is
    /// spent on a negligible change.
    /// </summary>
    /// <param name="steps">Number of steps, 1 to 1000.</param>
    /// <param name="shift">Shift, above 0; 1 has no effect.</param>
    /// <returns>steps + 1 timesteps.</returns>
    public static float[] EvenTimesteps(int steps, double shift) =>
        Shifted(Enumerable.Range(0, steps).Select(i => Last * (steps - i) / steps), shift);

    private static float[] Shifted(IEnumerable<float> timesteps, double shift) =>
        [.. timesteps.Select(timestep => timestep / Last).Select(u => (float)shift * u / (1 + (float)(shift - 1) * u) * Last), 0];
}
