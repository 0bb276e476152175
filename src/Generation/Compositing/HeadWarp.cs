using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Locutor.Generation.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Moves the head in a frame by a small, smooth displacement: wholly inside an ellipse around the head, less and less around it, and not at
/// all at the borders of the frame, so that nothing uncovered appears. Pixels are interpolated with cubic weights.
/// </summary>
internal sealed class HeadWarp
{
    // Shares of the square's side: the middle of the head, the half axes of the ellipse, and the height of the neck.
    private const float HeadX = 0.5f, HeadY = 0.45f, HeadWidth = 0.27f, HeadHeight = 0.35f, NeckY = 0.80f;

    private const float Fade = 1.6f; // the radius, in half axes, from which nothing moves
    private const float BorderShare = 0.08f, Around = 0.25f;
    private const float Least = 1f / 32; // pixels; a displacement below this moves nothing
    private const int Margin = 3, Phases = 64;
    private static readonly float[] Down = new float[Phases * CatmullRom.Taps];
    private static readonly Vector256<float>[] Across = new Vector256<float>[2 * Phases];

    private readonly int height, width;
    private readonly PixelRegion square, area;
    private readonly float side;
    private readonly float[] head, middle, body; // weights of each pixel of the area

    /// <summary>
    /// Computes the tables of weights: for the rows of a pixel's neighbourhood, and for its columns as two vectors of two pixels each.
    /// </summary>
    static HeadWarp()
    {
        for (int phase = 0; phase < Phases; phase++)
        {
            var w = Down.AsSpan(phase * CatmullRom.Taps, CatmullRom.Taps);
            CatmullRom.Weigh(phase / (float)Phases, w);
            Across[2 * phase] = Vector256.Create(Vector128.Create(w[0]), Vector128.Create(w[1]));
            Across[2 * phase + 1] = Vector256.Create(Vector128.Create(w[2]), Vector128.Create(w[3]));
        }
    }

    // Places of four pixels of three bytes in vectors of four values; every fourth value is not used.
    private static Vector128<byte> AllColumns => Vector128.Create((byte)0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);

    private static Vector128<byte> FarColumns => Vector128.Create((byte)6, 7, 8, 8, 9, 10, 11, 11, 6, 7, 8, 8, 9, 10, 11, 11);

    /// <param name="height">The height of the frames.</param>
    /// <param name="width">The width of the frames.</param>
    /// <param name="square">The square around the face.</param>
    public HeadWarp(int height, int width, PixelRegion square)
    {
        (this.height, this.width, this.square) = (height, width, square);
        side = Math.Min(square.Bottom - square.Top, square.Right - square.Left);
        int around = (int)(Around * side);
        area = new PixelRegion(
            Math.Max(Margin, square.Top - around), Math.Max(Margin, square.Left - around),
            Math.Min(height - Margin, square.Bottom + around), Math.Min(width - Margin, square.Right + around));
        int pixels = (area.Bottom - area.Top) * (area.Right - area.Left);
        (head, middle, body) = (new float[pixels], new float[pixels], new float[pixels]);
        Weigh();
    }

    /// <summary>Size in bytes of the buffer that <see cref="Apply"/> copies a frame to; its vectors reach beyond the last pixel.</summary>
    public int StillBytes => 3 * height * width + Vector128<byte>.Count;

    /// <summary>Moves the head in a frame.</summary>
    /// <param name="frame">Rows of R, G, B; changed in place.</param>
    /// <param name="pose">How far the head moves.</param>
    /// <param name="still">Receives the frame as it was; at least <see cref="StillBytes"/> long. Each thread needs its own.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // rarely called, but with a loop over all pixels
    public void Apply(Span<byte> frame, in HeadPose pose, byte[] still)
    {
        frame.CopyTo(still);
        float centreX = square.Left + HeadX * side, neckY = square.Top + NeckY * side;
        float shiftX = pose.ShiftX * side, shiftY = pose.ShiftY * side;
        float turn = pose.Turn * side, nod = pose.Nod * side, lift = pose.Breath * side;
        for (int y = area.Top, pixel = 0; y < area.Bottom; y++)
        {
            float rowShift = shiftX - pose.Roll * (y - neckY);
            for (int x = area.Left; x < area.Right; x++, pixel++)
            {
                float whole = head[pixel];
                if (whole == 0 && body[pixel] == 0) continue;
                float dx = whole * rowShift + middle[pixel] * turn;
                float dy = whole * (shiftY + pose.Roll * (x - centreX)) + middle[pixel] * nod - body[pixel] * lift;
                if (MathF.Abs(dx) < Least && MathF.Abs(dy) < Least) continue;
                Sample(still, x - dx, y - dy, frame.Slice(3 * (y * width + x), 3));
            }
        }
    }

    private void Weigh()
    {
        float border = BorderShare * side;
        for (int y = area.Top, pixel = 0; y < area.Bottom; y++)
        {
            for (int x = area.Left; x < area.Right; x++, pixel++)
            {
                float u = (x + 0.5f - square.Left) / side - HeadX, v = (y + 0.5f - square.Top) / side - HeadY;
                float radius = MathF.Sqrt(u * u / (HeadWidth * HeadWidth) + v * v / (HeadHeight * HeadHeight));
                float edge = Smooth((Math.Min(Math.Min(x, width - 1 - x), Math.Min(y, height - 1 - y)) - 2 * Margin) / border);
                head[pixel] = edge * Smooth((Fade - radius) / (Fade - 1));
                middle[pixel] = edge * Smooth(1 - radius);
                body[pixel] = edge * Smooth((v - 0.22f) / 0.2f) * Smooth((0.62f - MathF.Abs(u)) / 0.2f) * Smooth((0.75f - v) / 0.2f);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Sample(byte[] source, float x, float y, Span<byte> into)
    {
        x = Math.Clamp(x, 1, width - 3);
        y = Math.Clamp(y, 1, height - 3);
        int left = (int)x, top = (int)y, across = 2 * (int)((x - left) * Phases), down = CatmullRom.Taps * (int)((y - top) * Phases);
        var columns = Avx512F.IsSupported ? WeighWide(source, left, top, across, down) : Weigh(source, left, top, across, down);
        var colour = columns.GetLower() + columns.GetUpper() + Vector128.Create(0.5f);
        var rounded = Vector128.ConvertToInt32(Vector128.Clamp(colour, Vector128<float>.Zero, Vector128.Create(255f)));
        into[0] = (byte)rounded[0];
        into[1] = (byte)rounded[1];
        into[2] = (byte)rounded[2];
    }

    /// <summary>Weighs 4 x 4 pixels; the sum of the two halves of the result is their colour.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<float> Weigh(byte[] source, int left, int top, int across, int down)
    {
        var (near, far) = (Vector256<float>.Zero, Vector256<float>.Zero); // the first two columns, and the last two
        for (int row = 0; row < CatmullRom.Taps; row++)
        {
            var raw = Vector128.LoadUnsafe(ref source[3 * ((top - 1 + row) * width + left - 1)]);
            var weight = Vector256.Create(Down[down + row]);
            near += Wide(Vector128.Shuffle(raw, AllColumns)) * weight;
            far += Wide(Vector128.Shuffle(raw, FarColumns)) * weight;
        }
        return near * Across[across] + far * Across[across + 1];
    }

    /// <summary>Weighs with vectors of 16 values; the results are equal to the bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<float> WeighWide(byte[] source, int left, int top, int across, int down)
    {
        var sum = Vector512<float>.Zero;
        for (int row = 0; row < CatmullRom.Taps; row++)
        {
            var raw = Vector128.LoadUnsafe(ref source[3 * ((top - 1 + row) * width + left - 1)]);
            var wide = Avx512F.ConvertToVector512Int32(Vector128.Shuffle(raw, AllColumns));
            sum += Vector512.ConvertToSingle(wide) * Vector512.Create(Down[down + row]);
        }
        return sum.GetLower() * Across[across] + sum.GetUpper() * Across[across + 1];
    }

    /// <summary>Converts the first 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Wide(Vector128<byte> bytes)
    {
        if (Avx2.IsSupported) return Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(bytes));
        var values = Vector128.WidenLower(bytes);
        return Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values)).AsInt32());
    }

    private static float Smooth(float t)
    {
        t = Math.Clamp(t, 0, 1);
        return t * t * (3 - 2 * t);
    }
}
