using Locutor.Training.Faces;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>A batch of crops of scenes: a square from each of some consecutive frames.</summary>
/// <param name="Frames">The pixels: bytes [B, T, S, S, 3] on the host.</param>
/// <param name="Weights">
/// The loss weights [B, T, S, S] on the host: 1, and more on mouth, chin and eyes, most on eyes that blink and where a chin has moved.
/// </param>
public sealed record CropBatch(Tensor Frames, Tensor Weights) : IDisposable
{
    public const float MouthWeight = 5;
    private const float JawWeight = 2, MovedWeight = 8, EyeWeight = 3, BlinkWeight = 8;

    // How far a pixel differs from the portrait, as the sum over its three colours, if something else covers it.
    private const int Moved = 60;

    /// <summary>Creates a batch of random crops.</summary>
    /// <param name="count">The number of crops B.</param>
    /// <param name="frames">The number of frames T.</param>
    /// <param name="side">
    /// The side S in pixels, a multiple of 8. If it is smaller than the picture, half of the crops contain mouth or eyes.
    /// </param>
    public static CropBatch Draw(
        Func<Random, Scene> pick, ScriptOptions options, int count, int frames, int side, Random random, Device device)
    {
        byte[] pixels = new byte[count * frames * side * side * 3];
        float[] weights = new float[count * frames * side * side];
        for (int b = 0; b < count; b++)
        {
            var scene = pick(random);
            var (x, y) = Corner(scene, options.Size, side, random);
            int first = random.Next(options.Frames - frames + 1);
            for (int t = 0; t < frames; t++)
            {
                var frame = scene.Frame(first + t, options.FrameBytes);
                for (int row = 0; row < side; row++)
                {
                    frame.Slice(((y + row) * options.Size + x) * 3, side * 3)
                        .CopyTo(pixels.AsSpan((((b * frames) + t) * side + row) * side * 3));
                }
                var map = weights.AsSpan((b * frames + t) * side * side, side * side);
                map.Fill(1);
                var jaw = scene.Jaw(options.Size);
                Mark(map, jaw, x, y, side, JawWeight);
                MarkMoved(map, frame, scene.Frame(0, options.FrameBytes), jaw, x, y, side, options.Size);
                bool blinks = scene.Poses[first + t].Blink > 0;
                foreach (var eye in scene.Eyes) Mark(map, eye, x, y, side, blinks ? BlinkWeight : EyeWeight);
                Mark(map, scene.Mouth, x, y, side, MouthWeight);
            }
        }
        return new CropBatch(
            HostTensor.Create(pixels, [count, frames, side, side, 3], device),
            HostTensor.Create(weights, [count, frames, side, side], device));
    }

    public void Dispose()
    {
        Frames.Dispose();
        Weights.Dispose();
    }

    private static (int X, int Y) Corner(Scene scene, int size, int side, Random random)
    {
        if (side == size) return (0, 0);
        if (random.Next(2) == 0) return (random.Next(size - side + 1), random.Next(size - side + 1));
        var box = random.Next(3) == 0 ? scene.Eyes[random.Next(scene.Eyes.Length)] : scene.Mouth;
        int x = (box.Left + box.Right - side) / 2 + random.Next(-12, 13), y = (box.Top + box.Bottom - side) / 2 + random.Next(-12, 13);
        return (Math.Clamp(x, 0, size - side), Math.Clamp(y, 0, size - side));
    }

    /// <summary>Weights the pixels of the box that the chin has covered or left since the portrait.</summary>
    private static void MarkMoved(
        Span<float> map, ReadOnlySpan<byte> frame, ReadOnlySpan<byte> portrait, PixelBox box, int x, int y, int side, int size)
    {
        var inside = Inside(box, x, y, side);
        for (int row = inside.Top; row < inside.Bottom; row++)
        {
            for (int column = inside.Left; column < inside.Right; column++)
            {
                int at = ((y + row) * size + x + column) * 3, difference = 0;
                for (int colour = at; colour < at + 3; colour++) difference += Math.Abs(frame[colour] - portrait[colour]);
                if (difference > Moved) map[row * side + column] = MovedWeight;
            }
        }
    }

    private static void Mark(Span<float> map, PixelBox box, int x, int y, int side, float weight)
    {
        var inside = Inside(box, x, y, side);
        for (int row = inside.Top; row < inside.Bottom; row++)
        {
            for (int column = inside.Left; column < inside.Right; column++)
                map[row * side + column] = weight;
        }
    }

    /// <summary>Returns the part of a box that lies in the crop, in its pixels. Its size is not positive if there is none.</summary>
    private static PixelBox Inside(PixelBox box, int x, int y, int side) => new(
        Math.Max(0, box.Left - x), Math.Max(0, box.Top - y), Math.Min(side, box.Right - x), Math.Min(side, box.Bottom - y));
}
