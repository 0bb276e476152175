namespace Locutor.Generation.Compositing;

/// <summary>
/// Weights of cubic interpolation (Catmull-Rom) along both axes: each target pixel is a weighted sum of four source pixels.
/// </summary>
/// <param name="drawn">Height and width of the small frame.</param>
/// <param name="target">Height and width of the large frame.</param>
internal sealed class UpsampleWeights((int Height, int Width) drawn, (int Height, int Width) target)
{
    public const int Taps = CatmullRom.Taps;

    public Axis Rows { get; } = new(drawn.Height, target.Height);

    public Axis Columns { get; } = new(drawn.Width, target.Width);

    /// <summary>Weights along one axis.</summary>
    internal sealed class Axis
    {
        private readonly double step;

        public Axis(int drawn, int target)
        {
            (Drawn, Target, step) = (drawn, target, (double)drawn / target);
            First = new int[target];
            Weights = new float[target * Taps];
            for (int i = 0; i < target; i++)
            {
                double at = (i + 0.5) * step - 0.5, floor = Math.Floor(at);
                First[i] = (int)floor - 1;
                CatmullRom.Weigh((float)(at - floor), Weights.AsSpan(i * Taps, Taps));
            }
        }

        /// <summary>Number of pixels of the small frame.</summary>
        public int Drawn { get; }

        /// <summary>Number of pixels of the large frame.</summary>
        public int Target { get; }

        /// <summary>
        /// Index of the first of four source pixels, for each target pixel. It may be outside the frame, where the edge is repeated.
        /// </summary>
        public int[] First { get; }

        /// <summary>Four weights for each target pixel.</summary>
        public float[] Weights { get; }

        /// <summary>Returns the target pixels that depend on a range of source pixels.</summary>
        public (int First, int End) Cover(int first, int end) =>
            (Math.Clamp((int)Math.Floor((first - 1.5) / step), 0, Target), Math.Clamp((int)Math.Ceiling((end + 1.5) / step), 0, Target));
    }
}
