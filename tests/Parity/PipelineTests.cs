using System.Text.Json;
using Locutor.Generation;
using Locutor.Generation.Clips;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Media.Pictures;
using Locutor.Networks.ClipVision;
using Locutor.Networks.Teams;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

[Trait("uses", "convolutions")]
public class PipelineTests
{
    /// <summary>The bound as a share of the largest value: 2.5 levels of 255. Recorded loops of up to five clips reach 6e-3.</summary>
    private const double LargestGrown = 2e-2;

    public static TheoryData<string> Files => Goldens.Files("pipeline_");

    /// <summary>
    /// Generates every clip from the reference's frames before it, so that rounding errors do not accumulate. Clips whose motion frames are
    /// not in the recorded video are left out: with more motion frames than new ones, a clip generates some frames again, and these were
    /// not recorded.
    /// </summary>
    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_clip_equals_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        await CompareClipsAsync(golden, Generator(golden));
    }

    /// <summary>Passes of a step, or the tokens of a pass, are divided over two devices.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_clip_on_two_devices_equals_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        using var team = VideoTransformerTests.Team(golden, 2, weights => weights["dit"]);
        await CompareClipsAsync(golden, Generator(golden, team));
    }

    private static async Task CompareClipsAsync(Golden golden, TalkingVideoGenerator generator)
    {
        using var expected = golden.Output("video").cpu();
        var options = Options(golden.Config, (int)expected.shape[1]);
        for (int i = 0; i < options.Clips.Count; i++)
        {
            var clip = options.Clips.At(i);
            if (i > 1 && clip.Overlap > options.Clips.ClipFrames - options.Clips.MotionFrames) break;
            var cancellationToken = TestContext.Current.CancellationToken;
            var from = Before(clip, options, expected);
            await using var clips = generator.GenerateAsync(
                Inputs(golden, options), options, new RecordedNoise(golden), from,
                cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
            (await clips.MoveNextAsync()).ShouldBeTrue();
            using var found = clips.Current;
            found.Clip.ShouldBe(clip);
            found.Video.cpu().ShouldBeNear(expected.narrow(1, clip.Start + clip.Overlap, clip.Keep), 1e-3);
        }
    }

    /// <summary>
    /// The whole loop, where every clip continues our own frames. Colour matching amplifies the nearly flat frames of a random network, and
    /// each clip depends on the one before, so rounding errors (the reference's too) grow several times with each clip. If the last clips
    /// exceed the tolerance, two bounds apply: the error is below <see cref="LargestGrown"/>, and it has grown at most ten times as much as
    /// a relative change of the noise by one millionth in the same loop.
    /// </summary>
    [Theory]
    [MemberData(nameof(Files))]
    public async Task The_whole_loop_equals_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        using var expected = golden.Output("video").cpu();
        var options = Options(golden.Config, (int)expected.shape[1]);
        using var found = await WholeAsync(golden, options, new RecordedNoise(golden));
        var (error, firstError) = Errors(found, expected, options);
        firstError.ShouldBeLessThan(1e-3);
        error.ShouldBeLessThan(LargestGrown);
        if (error < 1e-3) return;

        using var disturbed = await WholeAsync(golden, options, new RecordedNoise(golden, 1e-6));
        var (moved, firstMoved) = Errors(disturbed, found, options);
        TestContext.Current.SendDiagnosticMessage(
            $"{file}: error {firstError:0.0e+0} grows to {error:0.0e+0}, a disturbance {firstMoved:0.0e+0} to {moved:0.0e+0}");
        (error / firstError).ShouldBeLessThan(10 * moved / firstMoved);
    }

    /// <summary>The bounds of the whole video and of its first clip.</summary>
    private static (double Whole, double First) Errors(Tensor found, Tensor expected, GenerationOptions options)
    {
        int first = options.Clips.At(0).Keep;
        return (
            TensorComparison.MaxError(found, expected), TensorComparison.MaxError(found.narrow(1, 0, first), expected.narrow(1, 0, first)));
    }

    internal static TalkingVideoGenerator Generator(Golden golden) =>
        Generator(golden, VideoTransformerTests.Team(golden, 1, weights => weights["dit"]));

    private static TalkingVideoGenerator Generator(Golden golden, TransformerTeam team) => new(
        team,
        new VideoAutoencoder(
            golden.Weights["vae"],
            VideoAutoencoderTests.Config(golden.Config.GetProperty("vae"), golden.Input("mean"), golden.Input("std"))),
        new ClipVisionEncoder(golden.Weights["clip"], ClipVisionTests.Config(golden.Config.GetProperty("clip"))),
        Goldens.Device);

    private static async Task<Tensor> WholeAsync(Golden golden, GenerationOptions options, INoise noise)
    {
        var parts = new List<Tensor>();
        await foreach (var clip in
                Generator(golden).GenerateAsync(
                    Inputs(golden, options), options, noise, cancellationToken: TestContext.Current.CancellationToken))
        {
            parts.Add(clip.Video.cpu().clone());
            clip.Dispose();
        }

        parts.Count.ShouldBe(options.Clips.Count);
        return cat(parts, 1);
    }

    /// <summary>The clip before, as the reference left it; null before the first.</summary>
    private static GeneratedClip? Before(Clip clip, GenerationOptions options, Tensor video)
    {
        if (clip.Index == 0) return null;
        var motion = video.narrow(1, clip.Start, clip.Overlap).clone();
        return new GeneratedClip(options.Clips.At(clip.Index - 1), motion.alias(), motion);
    }

    private static GenerationOptions Options(JsonElement c, int frames)
    {
        var projected = c.GetProperty("apg").GetBoolean()
            ? new ProjectedGuidanceOptions(c.GetProperty("apg_momentum").GetDouble(), c.GetProperty("apg_norm_threshold").GetDouble())
            : null;
        return new GenerationOptions(
            c.GetProperty("bucket")[0].GetInt32(), c.GetProperty("bucket")[1].GetInt32(),
            new ClipPlan(frames, c.GetProperty("frame_num").GetInt32(), c.GetProperty("motion_frame").GetInt32()),
            c.GetProperty("steps").GetInt32(), c.GetProperty("shift").GetDouble(),
            new GuidanceOptions(c.GetProperty("text_scale").GetDouble(), c.GetProperty("audio_scale").GetDouble(), projected))
        {
            ColourCorrection = c.GetProperty("colour_correction").GetDouble(),
        };
    }

    private static GenerationInputs Inputs(Golden golden, GenerationOptions options)
    {
        int people = golden.Config.GetProperty("people").GetInt32();
        var speech = Enumerable.Range(1, people).Select(person => SpeechTrack.From(golden.Input($"person{person}"))).ToList();
        var pictures = Pictures(golden);
        Tensor? masks = null;
        if (people == 2)
        {
            var source = (pictures[0].Height, pictures[0].Width);
            masks = SpeakerRegions.Masks(
                Boxes(golden.Config.GetProperty("bbox"), source), source, (options.Height, options.Width),
                (options.Height / 8, options.Width / 8));
        }

        return new GenerationInputs(
            golden.Input("context").unsqueeze(0), golden.Input("context_null").unsqueeze(0), speech,
            (frame, _) => ValueTask.FromResult(
                PictureResizer.ResizeToCover(pictures[Math.Min(frame, pictures.Count - 1)], options.Height, options.Width)),
            masks);
    }

    /// <summary>The reference gives rows first: top, left, bottom, right.</summary>
    private static IReadOnlyList<SpeakerBox> Boxes(JsonElement boxes, (int Height, int Width) source)
    {
        if (boxes.ValueKind != JsonValueKind.Object) return SpeakerRegions.Halves(source.Height, source.Width);
        return [
            .. boxes.EnumerateObject().Select(
                box => new SpeakerBox(box.Value[1].GetInt32(), box.Value[0].GetInt32(), box.Value[3].GetInt32(), box.Value[2].GetInt32()))
        ];
    }

    internal static List<Picture> Pictures(Golden golden)
    {
        var stored = golden.File.Tensors[golden.Has("in.video") ? "in.video" : "in.picture"];
        int height = (int)stored.Shape[^3], width = (int)stored.Shape[^2], bytes = height * width * 3;
        return [
            .. Enumerable.Range(0, (int)(stored.ByteLength / bytes))
                .Select(i => new Picture(width, height, stored.Bytes.Slice(i * bytes, bytes).ToArray()))
        ];
    }

    private sealed class RecordedNoise(Golden golden, double disturbance = 0) : INoise
    {
        public Tensor ForClip(int clip, long[] shape)
        {
            var noise = golden.Input($"noise{clip}").cpu();
            noise.shape.ShouldBe(shape);
            return disturbance == 0 ? noise : noise + new RandomInputs(TestSeed.Value).Normal(shape) * disturbance;
        }

        public Tensor ForStep(int clip, int step, long[] shape) => throw new NotSupportedException("Euler steps draw no noise");
    }
}
