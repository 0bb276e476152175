using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Locutor.Training.Faces;

namespace Locutor.Training.Tests.Faces;

/// <summary>Pictures and how far apart they are.</summary>
internal static class FacePainting
{
    public static byte[] Paint(Person person, in FacePose pose, int width, int height)
    {
        using var renderer = new FaceRenderer(width, height);
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.Render(person, pose, rgb);
        return rgb;
    }

    public static byte[] Paint(FaceRenderer renderer, Person person, in FacePose pose)
    {
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.Render(person, pose, rgb);
        return rgb;
    }

    /// <summary>Mean absolute difference of bytes inside (or outside) the boxes, 0 to 255.</summary>
    public static double Difference(byte[] a, byte[] b, int width, bool inside, params PixelBox[] boxes)
    {
        double sum = 0;
        long count = 0;
        for (int i = 0; i < a.Length / 3; i++)
        {
            if (boxes.Any(box => box.Contains(i % width, i / width)) != inside) continue;
            for (int c = 0; c < 3; c++) sum += Math.Abs(a[3 * i + c] - b[3 * i + c]);
            count += 3;
        }
        return sum / Math.Max(1, count);
    }

    /// <summary>Mean absolute difference of all bytes, 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a loop over all pixels
    public static double Difference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        long sum = 0;
        int at = 0;
        for (; at <= a.Length - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            Vector256<byte> one = Vector256.Create(a[at..]), other = Vector256.Create(b[at..]);
            var (lower, upper) = Vector256.Widen(Vector256.Max(one, other) - Vector256.Min(one, other));
            sum += Vector256.Sum(lower + upper);
        }
        for (; at < a.Length; at++) sum += Math.Abs(a[at] - b[at]);
        return (double)sum / a.Length;
    }

    public static FacePose RandomPose(Random random)
    {
        float Range(float low, float high) => low + (high - low) * random.NextSingle();
        return new FacePose
        {
            JawOpen = Range(0f, 1f),
            LipWidth = Range(-1f, 1f),
            LipRound = Range(0f, 1f),
            LipPress = random.Next(3) == 0 ? Range(0f, 1f) : 0f,
            UpperTeeth = Range(0f, 1f),
            Tongue = Range(0f, 1f),
            Blink = Range(0f, 1f),
            GazeX = Range(-1f, 1f),
            GazeY = Range(-1f, 1f),
            BrowRaise = Range(-1f, 1f),
            BrowFrown = Range(0f, 1f),
            Smile = Range(-1f, 1f),
            EyeWide = Range(-1f, 1f),
            HeadYaw = Range(-0.4f, 0.4f),
            HeadPitch = Range(-0.3f, 0.3f),
            HeadRoll = Range(-0.3f, 0.3f),
            HeadX = Range(-0.05f, 0.05f),
            HeadY = Range(-0.05f, 0.05f),
            Scale = Range(0.85f, 1.15f),
            Breath = Range(0f, 1f),
            CheekRaise = Range(0f, 1f),
            MouthShift = Range(-1f, 1f),
        };
    }
}
