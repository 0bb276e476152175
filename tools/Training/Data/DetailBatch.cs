using Locutor.Training.Faces;
using Locutor.Training.Motion;
using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>The sizes of the training data of the face upsampler.</summary>
public sealed record DetailOptions
{
    /// <summary>The height and width of a frame in pixels as the video networks generate it.</summary>
    public int Small { get; init; } = 128;

    /// <summary>The factor from the size of a generated frame to the size of the portrait.</summary>
    public int Factor { get; init; } = 4;

    /// <summary>The number of consecutive frames per person, 4n + 1.</summary>
    public int Frames { get; init; } = 9;

    /// <summary>The side of a crop in pixels of a generated frame.</summary>
    public int Crop { get; init; } = 40;

    /// <summary>The number of persons per batch. Each gives two crops: the mouth and an eye.</summary>
    public int People { get; init; } = 12;

    public int Large => Small * Factor;
}

/// <summary>
/// A batch of persons whose mouths, lids and brows move. Each is rendered twice: in a simple style at the size of the video networks, and
/// in detail at the size of a portrait, of which crops around mouth and eyes are kept. All tensors are on the host.
/// </summary>
/// <param name="Small">The small frames, [people, frames, small, small, 3].</param>
/// <param name="SmallPortrait">The small portraits, [people, small, small, 3].</param>
/// <param name="Truth">The target crops, [crops, frames, large crop, large crop, 3], with two consecutive crops per person.</param>
/// <param name="Portrait">The crops of the portraits, [crops, large crop, large crop, 3].</param>
/// <param name="Corners">The upper left corner of every crop in pixels of a generated frame.</param>
public sealed record DetailBatch(Tensor Small, Tensor SmallPortrait, Tensor Truth, Tensor Portrait, (int X, int Y)[] Corners) : IDisposable
{
    public const int CropsOfPerson = 2;
    private const float BlinkShare = 0.4f;

    public static DetailBatch Draw(DetailOptions options, Random random, Device device, int firstPerson)
    {
        int small = options.Small, large = options.Large, side = options.Crop * options.Factor, smallBytes = small * small * 3, cropBytes = side * side * 3;
        using var simple = new FaceRenderer(small, small);
        using var fine = new FaceRenderer(large, large) { Fine = true };
        byte[] smalls = new byte[options.People * options.Frames * smallBytes], portraits = new byte[options.People * smallBytes];
        byte[] truths = new byte[options.People * CropsOfPerson * options.Frames * cropBytes], crops = new byte[options.People * CropsOfPerson * cropBytes], frame = new byte[fine.FrameBytes];
        var corners = new (int X, int Y)[options.People * CropsOfPerson];
        for (int p = 0; p < options.People; p++)
        {
            var person = Person.Draw(firstPerson + random.Next(1_000_000));
            var rest = SceneMaker.Portrait(random.Next(PromptPhrases.Moods.Count), random);
            var poses = Move(rest, options.Frames, random);
            var parts = FaceRegions.Of(person, poses[random.Next(poses.Length)], small, small);
            PixelBox[] boxes = [parts.Mouth, random.Next(2) == 0 ? parts.LeftEye : parts.RightEye];
            for (int c = 0; c < CropsOfPerson; c++) corners[p * CropsOfPerson + c] = (Corner(boxes[c].Left + boxes[c].Right), Corner(boxes[c].Top + boxes[c].Bottom));
            simple.Render(person, rest, portraits.AsSpan(p * smallBytes, smallBytes));
            fine.Render(person, rest, frame);
            for (int c = 0; c < CropsOfPerson; c++) Cut(p * CropsOfPerson + c, crops.AsSpan((p * CropsOfPerson + c) * cropBytes, cropBytes));
            for (int f = 0; f < options.Frames; f++)
            {
                simple.Render(person, poses[f], smalls.AsSpan((p * options.Frames + f) * smallBytes, smallBytes));
                fine.Render(person, poses[f], frame);
                for (int c = 0; c < CropsOfPerson; c++) Cut(p * CropsOfPerson + c, truths.AsSpan(((p * CropsOfPerson + c) * options.Frames + f) * cropBytes, cropBytes));
            }
        }
        int count = options.People * CropsOfPerson;
        return new DetailBatch(
            HostTensor.Of(smalls, [options.People, options.Frames, small, small, 3], device), HostTensor.Of(portraits, [options.People, small, small, 3], device),
            HostTensor.Of(truths, [count, options.Frames, side, side, 3], device), HostTensor.Of(crops, [count, side, side, 3], device), corners);

        int Corner(int twiceMiddle) => Math.Clamp((twiceMiddle - options.Crop) / 2 + random.Next(-8, 9), 0, small - options.Crop);

        void Cut(int crop, Span<byte> to)
        {
            var (x, y) = corners[crop];
            for (int row = 0; row < side; row++)
                frame.AsSpan(((y * options.Factor + row) * large + x * options.Factor) * 3, side * 3).CopyTo(to[(row * side * 3)..]);
        }
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { Small, SmallPortrait, Truth, Portrait }) tensor.Dispose();
    }

    /// <summary>Creates a random motion: the mouth moves to a new random pose every few frames, and the lids sometimes close.</summary>
    private static FacePose[] Move(FacePose rest, int frames, Random random)
    {
        var mood = random.Next(3) == 0 ? FacePose.Lerp(rest, FaceMotion.Held(Expression.Named(PromptPhrases.Moods[random.Next(PromptPhrases.Moods.Count)]), rest), random.NextSingle()) : rest;
        var poses = new FacePose[frames];
        var (from, to) = (Mouth(random), Mouth(random));
        int begin = -random.Next(4), length = random.Next(2, 6), blink = random.NextSingle() < BlinkShare ? random.Next(frames) : frames;
        float brow = 0.25f * random.NextSingle();
        for (int f = 0; f < frames; f++)
        {
            if (f - begin >= length) (from, to, begin, length) = (to, Mouth(random), f, random.Next(2, 6));
            float t = (float)(f - begin) / length;
            poses[f] = FaceMotion.Speak(mood, Speech.MouthPose.Lerp(from, to, t * t * (3 - 2 * t)), FaceMotion.BlinkAt(f - blink), brow);
        }
        return poses;
    }

    private static Speech.MouthPose Mouth(Random random) => random.Next(5) == 0 ? default : new(
        JawOpen: 0.75f * random.NextSingle() * random.NextSingle() + 0.1f * random.NextSingle(),
        LipWidth: random.NextSingle() * 1.3f - 0.5f,
        LipRound: random.Next(3) == 0 ? random.NextSingle() : 0.1f * random.NextSingle(),
        LipPress: random.Next(6) == 0 ? random.NextSingle() : 0,
        UpperTeeth: random.Next(2) == 0 ? random.NextSingle() : 0,
        Tongue: random.Next(2) == 0 ? random.NextSingle() : 0);
}
