using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

/// <summary>The loop of weights distilled to few steps, against the public pipeline of SoulX-FlashTalk.</summary>
public class FewStepTests
{
    public static TheoryData<string> Files => Goldens.Files("few_step_");

    [Theory]
    [MemberData(nameof(Files))]
    public void The_timesteps_equal_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        var options = Options(golden);
        tensor(NoiseSchedule.FewSteps(options.Steps, options.Shift)).ShouldBeNear(golden.Input("timesteps").cpu(), 1e-6);
    }

    /// <summary>
    /// Generates every clip from the reference's frames before it. Clips whose motion frames are not in the recorded video are left out.
    /// </summary>
    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_clip_equals_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        using var expected = golden.Output("video").cpu();
        var options = Options(golden);
        var plan = options.Clips;
        for (int i = 0; i < plan.Count; i++)
        {
            var clip = plan.At(i);
            int place = clip.Start - plan.FirstOverlap; // of the clip's first frame in the recorded video
            if (i > 0 && place < 0) continue;
            using var motion = i == 0 ? null : expected.narrow(1, place, clip.Overlap).clone();
            var from = motion is null ? null : new GeneratedClip(plan.At(i - 1), motion.alias(), motion.alias());
            var cancellationToken = TestContext.Current.CancellationToken;
            await using var clips = PipelineTests.Generator(golden)
                .GenerateAsync(Inputs(golden, options), options, new RecordedNoise(golden), from, cancellationToken: cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            (await clips.MoveNextAsync()).ShouldBeTrue();
            using var found = clips.Current;
            found.Clip.ShouldBe(clip);
            found.Video.cpu().ShouldBeNear(expected.narrow(1, place + clip.Overlap, clip.Keep), 1e-3);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task The_whole_loop_equals_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        var options = Options(golden);
        var parts = new List<Tensor>();
        await foreach (var clip in
                PipelineTests.Generator(golden).GenerateAsync(
                    Inputs(golden, options), options, new RecordedNoise(golden), cancellationToken: TestContext.Current.CancellationToken))
        {
            parts.Add(clip.Video.cpu().clone());
            clip.Dispose();
        }

        cat(parts, 1).ShouldBeNear(golden.Output("video").cpu(), 1e-3);
    }

    private static GenerationOptions Options(Golden golden)
    {
        var c = golden.Config;
        int frames = c.GetProperty("frame_num").GetInt32(), motion = c.GetProperty("motion_frame").GetInt32(),
            chunks = c.GetProperty("chunks").GetInt32();
        return new GenerationOptions(
            c.GetProperty("bucket")[0].GetInt32(), c.GetProperty("bucket")[1].GetInt32(),
            // The recorded loop starts at the beginning of the track and keeps only the last frames of its first clip.
            new ClipPlan(motion + chunks * (frames - motion), frames, motion) { FirstOverlap = motion },
            c.GetProperty("steps").GetInt32(), c.GetProperty("shift").GetDouble(), new GuidanceOptions(1, 1))
        {
            FewSteps = true,
            ColourCorrection = c.GetProperty("colour_correction").GetDouble(),
        };
    }

    private static GenerationInputs Inputs(Golden golden, GenerationOptions options)
    {
        var picture = PictureResizer.ResizeToCover(PipelineTests.Pictures(golden)[0], options.Height, options.Width);
        return new GenerationInputs(
            golden.Input("context").unsqueeze(0), null, [SpeechTrack.From(golden.Input("person1"))],
            (_, _) => ValueTask.FromResult(picture), null);
    }

    private sealed class RecordedNoise(Golden golden) : INoise
    {
        public Tensor ForClip(int clip, long[] shape) => Recorded(clip, 0, shape);

        public Tensor ForStep(int clip, int step, long[] shape) => Recorded(clip, step + 1, shape);

        private Tensor Recorded(int clip, int number, long[] shape)
        {
            var noise = golden.Input($"chunk{clip}.noise{number}").cpu();
            noise.shape.ShouldBe(shape);
            return noise;
        }
    }
}
