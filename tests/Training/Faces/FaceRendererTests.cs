using System.Buffers.Binary;
using Locutor.Training.Faces;

namespace Locutor.Training.Tests.Faces;

public sealed class FaceRendererTests(ITestOutputHelper output)
{
    private const int Size = 120;

    private readonly int seed = TestSeed.Value;

    public static TheoryData<string, string> Movements => new()
    {
        { nameof(FacePose.JawOpen), "mouth" }, { nameof(FacePose.LipWidth), "mouth" }, { nameof(FacePose.LipRound), "mouth" },
        { nameof(FacePose.LipPress), "mouth" }, { nameof(FacePose.UpperTeeth), "mouth" }, { nameof(FacePose.Smile), "mouth" },
        { nameof(FacePose.MouthShift), "mouth" }, { nameof(FacePose.Tongue), "open mouth" }, { nameof(FacePose.Blink), "eyes" },
        { nameof(FacePose.GazeX), "eyes" }, { nameof(FacePose.GazeY), "eyes" }, { nameof(FacePose.EyeWide), "eyes" },
        { nameof(FacePose.CheekRaise), "eyes" },
        { nameof(FacePose.BrowRaise), "brows" }, { nameof(FacePose.BrowFrown), "brows" }, { nameof(FacePose.HeadYaw), "head" },
        { nameof(FacePose.HeadPitch), "head" }, { nameof(FacePose.HeadRoll), "head" }, { nameof(FacePose.HeadX), "head" },
        { nameof(FacePose.HeadY), "head" },
        { nameof(FacePose.Scale), "head" }, { nameof(FacePose.Breath), "shoulders" },
    };

    [Theory]
    [MemberData(nameof(Movements))]
    public void A_pose_value_changes_its_part_of_the_picture(string name, string part)
    {
        output.WriteLine($"seed {seed}");
        var person = Plain(seed);
        FacePose from = part == "open mouth" ? new FacePose { JawOpen = 0.5f } : default, to = With(from, name, Far(name));
        byte[] before = FacePainting.Paint(person, from, Size, Size), after = FacePainting.Paint(person, to, Size, Size);
        FaceRegions a = FaceRegions.Create(person, from, Size, Size), b = FaceRegions.Create(person, to, Size, Size);
        PixelBox mouth = a.Mouth.Union(b.Mouth), eyes = a.LeftEye.Union(a.RightEye).Union(b.LeftEye).Union(b.RightEye);
        PixelBox brows = new(eyes.Left, Math.Max(0, eyes.Top - Size / 8), eyes.Right, eyes.Top + Size / 16),
            shoulders = new(0, Size * 4 / 5, Size, Size);
        var box = part switch { "eyes" => eyes, "brows" => brows, "head" => a.Face, "shoulders" => shoulders, _ => mouth };
        double inside = FacePainting.Difference(before, after, Size, inside: true, box),
            outside = FacePainting.Difference(before, after, Size, inside: false, box);
        output.WriteLine($"{name}: {inside:F2} inside, {outside:F3} outside");
        inside.ShouldBeGreaterThan(0.4);
        // A head that moves also moves hair and neck and, if its size changes, the shoulders.
        if (part != "head") inside.ShouldBeGreaterThan(3 * outside);
        // The wall in the upper corner never moves.
        FacePainting.Difference(before, after, Size, inside: true, new PixelBox(0, 0, 8, 8)).ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(Movements))]
    public void A_pose_value_changes_the_picture_without_jumps(string name, string part)
    {
        output.WriteLine($"seed {seed}, {part}");
        var person = Person.Draw(seed);
        using var renderer = new FaceRenderer(Size, Size);
        var basis = new FacePose { JawOpen = 0.25f, UpperTeeth = 0.3f, Smile = 0.1f };
        // Edges are drawn with a resolution of a quarter pixel row, and breath moves the shoulders by one or two rows. Smaller steps of the
        // value would not all change the picture.
        int steps = part == "shoulders" ? 16 : 64;
        float low = name == nameof(FacePose.Scale) ? 0.85f : Far(name) - (IsSigned(name) ? 2f * Far(name) : Far(name)), high = Far(name);
        byte[] last = FacePainting.Paint(renderer, person, With(basis, name, low));
        List<double> jumps = [];
        for (int i = 1; i <= steps; i++)
        {
            byte[] next = FacePainting.Paint(renderer, person, With(basis, name, low + (high - low) * i / steps));
            jumps.Add(FacePainting.Difference(last, next));
            last = next;
        }
        double mean = jumps.Average();
        output.WriteLine($"{name}: mean step {mean:F4}, largest {jumps.Max():F4}");
        jumps.Max().ShouldBeLessThan(4 * mean + 0.05);
    }

    [Fact]
    public void A_batch_in_planes_has_the_pixels_of_single_frames()
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        const int Width = 75, Height = 61;
        FaceClip[] clips = [.. Enumerable.Range(0, 5).Select(i => new FaceClip(Person.Draw(seed + i),
            Enumerable.Range(0, 1 + i).Select(_ => FacePainting.RandomPose(random)).ToArray()))];
        using var batch = new FaceBatch(Width, Height, threads: 3);
        byte[] packed = new byte[15 * batch.FrameBytes];
        byte[] planar = new byte[packed.Length];
        batch.Render(clips, packed, cancellationToken: TestContext.Current.CancellationToken);
        batch.Render(clips, planar, planar: true, TestContext.Current.CancellationToken);
        int frame = 0;
        foreach (var clip in clips)
        {
            foreach (var pose in clip.Poses.Span)
            {
                byte[] one = FacePainting.Paint(clip.Person, pose, Width, Height);
                ReadOnlySpan<byte> planes = planar.AsSpan(frame * batch.FrameBytes, batch.FrameBytes);
                packed.AsSpan(frame * batch.FrameBytes, batch.FrameBytes).SequenceEqual(one).ShouldBeTrue();
                for (int i = 0; i < one.Length; i++) planes[i % 3 * Width * Height + i / 3].ShouldBe(one[i]);
                frame++;
            }
        }
    }

    [Fact]
    public void A_part_looks_like_in_the_whole_frame()
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var renderer = new FaceRenderer(Size, Size);
        for (int i = 0; i < 8; i++)
        {
            var person = Person.Draw(seed + i);
            var pose = FacePainting.RandomPose(random);
            var mouth = FaceRegions.Create(person, pose, Size, Size).Mouth;
            byte[] whole = FacePainting.Paint(renderer, person, pose), part = new byte[whole.Length];
            renderer.Render(person, pose, part, mouth);
            FacePainting.Difference(whole, part, Size, inside: true, mouth).ShouldBeLessThan(1, $"person {seed + i}");
            FacePainting.Paint(renderer, person, pose).ShouldBe(whole, "the next frame is whole again");
        }
    }

    [Fact]
    public void Wrong_sizes_are_refused_with_their_numbers()
    {
        using var renderer = new FaceRenderer(64, 48);
        Should.Throw<ArgumentException>(() => renderer.Render(Person.Draw(1), default, new byte[100])).Message.ShouldContain("9216");
        Should.Throw<ArgumentOutOfRangeException>(() => new FaceRenderer(31, 64));
        Should.Throw<ArgumentOutOfRangeException>(() => new FaceRenderer(64, 2049));
        using var batch = new FaceBatch(64, 48);
        Should.Throw<ArgumentException>(() => batch.Render(
            [new FaceClip(Person.Draw(1), new FacePose[2])], new byte[5], cancellationToken: TestContext.Current.CancellationToken))
            .Message.ShouldContain("18432");
        Should.Throw<ArgumentException>(() => Expression.Named("smug")).Message.ShouldContain("happy");
    }

    [Fact]
    public void Poses_are_equal_after_writing_and_reading()
    {
        output.WriteLine($"seed {seed}");
        var pose = FacePainting.RandomPose(new Random(seed));
        Span<float> values = stackalloc float[FacePose.ValueCount];
        pose.Write(values);
        FacePose.Read(values).ShouldBe(pose);
        default(FacePose).Scale.ShouldBe(1f);
        FacePose.Lerp(default, pose, 0.5f).JawOpen.ShouldBe(0.5f * pose.JawOpen, 1e-6f);
    }

    [Fact]
    public void A_sheet_is_a_png_of_the_size_its_cells_need()
    {
        using var sheet = new ContactSheet(3, 2, 64, 50);
        for (int i = 0; i < 6; i++)
            sheet.Place(i, FacePainting.Paint(Person.Draw(seed + i), Expression.Named(Expression.Names[i]), 64, 50), $"person {i}");
        byte[] png = sheet.Encode();
        png.AsSpan(1, 3).SequenceEqual("PNG"u8).ShouldBeTrue();
        BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)).ShouldBe(6 + 3 * (64 + 6));
        png.Length.ShouldBeGreaterThan(10_000);
        PortraitPainter.EncodePng(PortraitPainter.Paint(seed, 96, "happy"), 96, 96).Length.ShouldBeGreaterThan(2_000);
    }

    /// <summary>Creates a person without glasses, headwear or beard, and with no hair in front of the face.</summary>
    private static Person Plain(int seed)
    {
        var person = Person.Draw(seed);
        return person with
        {
            Extras = person.Extras with { Glasses = GlassesStyle.None, Headwear = HeadwearStyle.None, Earrings = EarringStyle.None },
            Beard = person.Beard with { Style = BeardStyle.None },
            Hair = person.Hair with { Fringe = Fringe.PulledBack, Length = HairLength.Short, Knot = HairKnot.None },
            Brows = person.Brows with { Colour = new(40, 30, 30) },
        };
    }

    private static bool IsSigned(string name) =>
        name is nameof(FacePose.LipWidth) or nameof(FacePose.Smile) or nameof(FacePose.MouthShift) or nameof(FacePose.GazeX)
            or nameof(FacePose.GazeY) or nameof(FacePose.EyeWide) or nameof(FacePose.BrowRaise)
            || name.StartsWith("Head", StringComparison.Ordinal);

    private static float Far(string name) => name switch
    {
        nameof(FacePose.HeadYaw) => 0.35f,
        nameof(FacePose.HeadPitch) or nameof(FacePose.HeadRoll) => 0.25f,
        nameof(FacePose.HeadX) or nameof(FacePose.HeadY) => 0.05f,
        nameof(FacePose.Scale) => 1.15f,
        _ => 1f,
    };

    private static FacePose With(FacePose pose, string name, float value)
    {
        object boxed = pose;
        typeof(FacePose).GetProperty(name)!.SetValue(boxed, value);
        return (FacePose)boxed;
    }
}
