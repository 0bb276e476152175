using Locutor.Training.Faces;

namespace Locutor.Training.Tests.Faces;

public sealed class MouthTruthTests(ITestOutputHelper output)
{
    private const int Size = 300;

    private readonly int seed = TestSeed.Value;

    [Fact]
    public void The_computed_opening_of_the_mouth_is_the_painted_one()
    {
        output.WriteLine($"seed {seed}");
        using var renderer = new FaceRenderer(Size, Size);
        for (int i = 0; i < 12; i++)
        {
            var person = Person.Draw(seed + i);
            person = person with { Beard = person.Beard with { Style = BeardStyle.None } };
            var pose = new FacePose
            {
                JawOpen = i / 12f,
                UpperTeeth = i % 3 * 0.4f,
                Tongue = i % 2 * 0.7f,
                LipRound = i % 4 * 0.3f,
                Scale = 0.9f + 0.02f * i,
            };
            var truth = FaceRegions.Create(person, pose, Size, Size).Truth;
            int painted = PaintedGap(renderer, person, pose);
            output.WriteLine($"told {truth.OpeningPixels:F1}, painted {painted}");
            Math.Abs(painted - truth.OpeningPixels).ShouldBeLessThan(2.6f + 0.04f * truth.OpeningPixels);
        }
    }

    [Fact]
    public void Pressed_lips_are_closed_and_a_dropped_jaw_opens_them_evenly()
    {
        var person = Person.Draw(seed);
        FaceRegions.Create(person, default, Size, Size).Truth.Opening.ShouldBe(0f);
        FaceRegions.Create(person, new FacePose { JawOpen = 0.8f, LipPress = 1f }, Size, Size).Truth.OpeningPixels.ShouldBe(0f, 0.01f);
        float last = -1f;
        for (float jaw = 0f; jaw <= 1f; jaw += 0.05f)
        {
            var truth = FaceRegions.Create(person, new FacePose { JawOpen = jaw }, Size, Size).Truth;
            truth.OpeningPixels.ShouldBeGreaterThan(last);
            truth.Opening.ShouldBe(jaw, 0.02f);
            last = truth.OpeningPixels;
        }
        float wide = FaceRegions.Create(person, new FacePose { LipWidth = 1f }, Size, Size).Truth.WidthPixels;
        float round = FaceRegions.Create(person, new FacePose { LipRound = 1f }, Size, Size).Truth.WidthPixels;
        wide.ShouldBeGreaterThan(1.6f * round);
    }

    [Fact]
    public void Measured_openings_scale_with_the_picture()
    {
        var person = Person.Draw(seed);
        var pose = new FacePose { JawOpen = 0.5f };
        MouthTruth small = FaceRegions.Create(person, pose, 128, 128).Truth, large = FaceRegions.Create(person, pose, 256, 256).Truth;
        large.Opening.ShouldBe(small.Opening, 1e-5f);
        large.OpeningPixels.ShouldBe(2f * small.OpeningPixels, 0.01f);
        large.AreaPixels.ShouldBe(4f * small.AreaPixels, 0.1f);
    }

    [Fact]
    public void Boxes_are_inside_the_picture_and_contain_the_moving_pixels()
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 200; i++)
        {
            var regions = FaceRegions.Create(Person.Draw(seed + i), FacePainting.RandomPose(random), 97, 143);
            foreach (var box in (PixelBox[])[regions.Mouth, regions.LeftEye, regions.RightEye, regions.Face])
            {
                box.Left.ShouldBeInRange(0, box.Right - 1);
                box.Top.ShouldBeInRange(0, box.Bottom - 1);
                box.Right.ShouldBeLessThanOrEqualTo(97);
                box.Bottom.ShouldBeLessThanOrEqualTo(143);
            }
            regions.LeftEye.Left.ShouldBeLessThan(regions.RightEye.Left);
            regions.Mouth.Width.ShouldBeInRange(8, 48);
        }
    }

    /// <summary>
    /// Measures the painted opening of the mouth in pixels: the lips are the pixels that change with the lip colour, and the opening is the
    /// gap between them in the middle column of the mouth.
    /// </summary>
    private static int PaintedGap(FaceRenderer renderer, Person person, in FacePose pose)
    {
        byte[] red = FacePainting.Paint(renderer, person with { Lips = person.Lips with { Colour = new(210, 40, 40) } }, pose);
        byte[] blue = FacePainting.Paint(renderer, person with { Lips = person.Lips with { Colour = new(40, 60, 220) } }, pose);
        List<int> lips = [];
        for (int y = 0; y < Size; y++)
        {
            int at = (y * Size + Size / 2) * 3;
            if (Math.Abs(red[at] - blue[at]) + Math.Abs(red[at + 2] - blue[at + 2]) > 110) lips.Add(y);
        }
        lips.Count.ShouldBeGreaterThan(3);
        return lips[^1] - lips[0] + 1 - lips.Count;
    }
}
