namespace Locutor.Generation.Sampling;

/// <summary>
/// Timesteps of a clip, from 1000 (noise) down to 0: linspace(1000, 1, steps) and a final 0, each moved towards noise,
/// t = 1000 s u / (1 + (s - 1) u) with u = t / 1000 and shift s. Source: <c>timestep_transform</c> of the reference's <c>multitalk.py</c>.
/// </summary>
public static class NoiseSchedule
{
    private const float Last = 1000;

    /// <param name="steps">1 to 1000.</param>
    /// <param name="shift">Above 0; 1 changes nothing.</param>
    /// <returns>steps + 1 timesteps.</returns>
    public static float[] Timesteps(int steps, double shift)
    {
        var timesteps = new float[steps + 1];
        double stride = steps > 1 ? (1 - (double)Last) / (steps - 1) : 0;
        for (int i = 0; i < steps; i++)
        {
            float u = (float)(Last + i * stride) / Last;
            timesteps[i] = (float)shift * u / (1 + (float)(shift - 1) * u) * Last;
        }

        return timesteps;
    }
}
