using Locutor.Training.Faces;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>The sizes of the training data of the face upsampler.</summary>
public sealed record DetailOptions
{
    /// <summary>The factor from the size of a generated frame to the size of the portrait.</summary>
    public int Factor { get; init; } = 4;

    /// <summary>The number of consecutive frames that are taken from each clip.</summary>
    public int Frames { get; init; } = 5;

    /// <summary>The side of a crop in pixels of a generated frame.</summary>
    public int Crop { get; init; } = 40;

    /// <summary>The number of scenes per batch.</summary>
    public int Scenes { get; init; } = 8;

    /// <summary>The number of batches that are redrawn before training starts.</summary>
    public int FirstBatches { get; init; } = 24;

    /// <summary>The largest number of batches on the device. Each takes about 30 MB.</summary>
    public int MostBatches { get; init; } = 160;
}

/// <summary>
/// Some frames of scenes, rendered at the size of a portrait. Each clip of a scene gives two crops: the mouth, in half of them with the
/// chin in the middle, and an eye. All tensors are on the host.
/// </summary>
/// <param name="Scenes">The scenes, rendered at the size of the video networks.</param>
/// <param name="Crops">The place of every crop: two consecutive ones per clip, ordered by scene and clip.</param>
/// <param name="Truth">The target crops, [crops, frames, large crop, large crop, 3].</param>
/// <param name="Portrait">The crops of the portraits, [crops, large crop, large crop, 3].</param>
public sealed record DetailBatch(IReadOnlyList<Scene> Scenes, DetailBatch.Place[] Crops, Tensor Truth, Tensor Portrait) : IDisposable
{
    public const int CropsOfClip = 2;
    private const float BlinkShare = 0.5f;
    private const int Jitter = 8;

    /// <summary>The place of a crop in its clip, in pixels of a generated frame.</summary>
    /// <param name="First">The first frame, counted from the start of the clip.</param>
    public readonly record struct Place(int X, int Y, int First);

    /// <summary>Chooses scenes and renders crops of them.</summary>
    /// <param name="pick">Returns a random scene.</param>
    public static DetailBatch Draw(DetailOptions options, ScriptOptions scenes, Func<Random, Scene> pick, Random random, Device device)
    {
        int large = scenes.Size * options.Factor, side = options.Crop * options.Factor, bytes = side * side * 3;
        using var renderer = new FaceRenderer(large, large);
        Scene[] some = [.. Enumerable.Range(0, options.Scenes).Select(_ => pick(random))];
        int count = some.Length * scenes.Clips * CropsOfClip;
        byte[] truth = new byte[count * options.Frames * bytes], portraits = new byte[count * bytes], frame = new byte[renderer.FrameBytes];
        var places = new Place[count];
        for (int s = 0, crop = 0; s < some.Length; s++)
        {
            int ofScene = crop;
            for (int clip = 0; clip < scenes.Clips; clip++, crop += CropsOfClip)
            {
                int first = First(some[s].Poses.AsSpan(clip * scenes.Stride, scenes.ClipFrames), options.Frames, random);
                PixelBox[] parts =
                [
                    random.Next(2) == 0 ? some[s].Mouth : some[s].Jaw(scenes.Size), some[s].Eyes[random.Next(some[s].Eyes.Length)]
                ];
                for (int c = 0; c < CropsOfClip; c++)
                    places[crop + c] = new Place(Corner(parts[c].Left + parts[c].Right), Corner(parts[c].Top + parts[c].Bottom), first);
                for (int f = 0; f < options.Frames; f++)
                {
                    renderer.Render(some[s].Person, some[s].Poses[clip * scenes.Stride + first + f], frame);
                    for (int c = 0; c < CropsOfClip; c++)
                        Cut(places[crop + c], truth.AsSpan(((crop + c) * options.Frames + f) * bytes, bytes));
                }
            }
            renderer.Render(some[s].Person, some[s].Poses[0], frame);
            for (int c = ofScene; c < crop; c++) Cut(places[c], portraits.AsSpan(c * bytes, bytes));
        }
        return new DetailBatch(
            some, places, HostTensor.Create(truth, [count, options.Frames, side, side, 3], device),
            HostTensor.Create(portraits, [count, side, side, 3], device));

        int Corner(int twiceMiddle) =>
            Math.Clamp((twiceMiddle - options.Crop) / 2 + random.Next(-Jitter, Jitter + 1), 0, scenes.Size - options.Crop);

        void Cut(Place place, Span<byte> to)
        {
            for (int row = 0; row < side; row++)
            {
                frame.AsSpan(((place.Y * options.Factor + row) * large + place.X * options.Factor) * 3, side * 3)
                    .CopyTo(to[(row * side * 3)..]);
            }
        }
    }

    public void Dispose()
    {
        Truth.Dispose();
        Portrait.Dispose();
    }

    /// <summary>Chooses the first of some consecutive frames of a clip. Blinks are rare, so every second choice prefers one.</summary>
    private static int First(ReadOnlySpan<FacePose> poses, int frames, Random random)
    {
        int last = poses.Length - frames, any = random.Next(last + 1);
        if (random.NextSingle() > BlinkShare) return any;
        int start = random.Next(poses.Length);
        for (int i = 0; i < poses.Length; i++)
        {
            int f = (start + i) % poses.Length;
            if (poses[f].Blink > 0.2f) return Math.Clamp(f - random.Next(frames), 0, last);
        }
        return any;
    }
}
