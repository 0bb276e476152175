using Locutor.Training.Data;
using Locutor.Training.Faces;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Data;

public sealed class CropBatchTests
{
    private const int Size = 64;

    [Fact]
    public void Eyes_weigh_most_in_frames_in_which_they_blink_and_a_chin_where_it_moved()
    {
        using var scope = NewDisposeScope();
        var options = new ScriptOptions { Size = Size, ClipFrames = 5, Clips = 1 };
        FacePose[] poses = [.. Enumerable.Range(0, options.Frames).Select(f => new FacePose { Blink = f == 2 ? 1 : 0 })];
        var person = Person.Draw(TestSeed.Value);
        var regions = FaceRegions.Create(person, default, Size, Size);
        var scene = new Scene(
            person, new byte[options.Frames * options.FrameBytes], poses, [], regions.Mouth, [regions.LeftEye, regions.RightEye],
            regions.Face, 0);
        var chin = new PixelBox(regions.Mouth.Left, regions.Mouth.Bottom, regions.Mouth.Right, regions.Face.Bottom);
        int middle = (chin.Top + chin.Bottom) / 2 * Size + (chin.Left + chin.Right) / 2;
        scene.Frames.AsSpan(3 * options.FrameBytes + middle * 3, 3).Fill(100);
        using var batch = CropBatch.Draw(_ => scene, options, 1, options.Frames, Size, new Random(1), CPU);
        batch.Weights.shape.ShouldBe([1, options.Frames, Size, Size]);
        WeightOf(regions.LeftEye, 1).ShouldBeGreaterThan(1);
        WeightOf(regions.LeftEye, 2).ShouldBeGreaterThan(WeightOf(regions.LeftEye, 1));
        WeightOf(regions.Mouth, 2).ShouldBe(WeightOf(regions.Mouth, 1));
        WeightOf(chin, 1).ShouldBeInRange(1.5f, WeightOf(regions.Mouth, 1) - 1);
        WeightOf(chin, 3).ShouldBeGreaterThan(WeightOf(regions.Mouth, 3));

        float WeightOf(PixelBox box, int frame) =>
            batch.Weights[0][frame][(box.Top + box.Bottom) / 2][(box.Left + box.Right) / 2].item<float>();
    }
}
