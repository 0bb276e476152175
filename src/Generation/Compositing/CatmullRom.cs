namespace Locutor.Generation.Compositing;

/// <summary>Weights of cubic interpolation between four neighbouring pixels (Catmull-Rom).</summary>
internal static class CatmullRom
{
    public const int Taps = 4;

    /// <summary>Computes the weights at a position between the second and the third pixel.</summary>
    /// <param name="t">The position, from 0 at the second pixel to 1 at the third.</param>
    /// <param name="weights">Receives four weights, whose sum is 1.</param>
    public static void Weigh(float t, Span<float> weights)
    {
        weights[0] = 0.5f * t * (t * (2 - t) - 1);
        weights[1] = 0.5f * (t * t * (3 * t - 5) + 2);
        weights[2] = 0.5f * t * (t * (4 - 3 * t) + 1);
        weights[3] = 0.5f * t * t * (t - 1);
    }
}
