using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Tests.Data;

public sealed class SceneMakerTests
{
    private const int LeadIn = 8;

    [Fact]
    public void A_scene_with_a_lead_in_starts_like_a_video_with_the_still_portrait_in_silence()
    {
        var options = new ScriptOptions { Size = 32, ClipFrames = 17, Clips = 1, MotionFrames = LeadIn + 1 };
        var maker = new SceneMaker(options, SpeechPreparation.MakeEvaluation(0.2, TestSeed.Value, TestContext.Current.CancellationToken));
        using var renderer = new FaceRenderer(options.Size, options.Size);
        Scene[] scenes = [.. Enumerable.Range(0, 40).Select(number => maker.Make(number, renderer))];
        scenes.Count(scene => scene.LeadIn == LeadIn).ShouldBeInRange(10, 30);
        foreach (var scene in scenes)
        {
            scene.Poses.Length.ShouldBe(options.Frames);
            scene.Audio.Length.ShouldBe(options.Frames * SpeechMix.FrameSamples);
            if (scene.LeadIn == 0) continue;
            scene.LeadIn.ShouldBe(LeadIn);
            scene.Poses[..(LeadIn + 1)].ShouldAllBe(pose => pose == scene.Poses[0]);
            scene.Poses[..(2 * LeadIn + 1)].ShouldAllBe(pose => pose.Blink == scene.Poses[0].Blink);
            scene.Audio[..(LeadIn * SpeechMix.FrameSamples)].ShouldAllBe(sample => sample == 0);
        }
        scenes.Count(scene => scene.LeadIn > 0 && scene.Poses[LeadIn + 1] != scene.Poses[0]).ShouldBeGreaterThan(5);
    }
}
