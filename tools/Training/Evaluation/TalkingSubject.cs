using Locutor.Generation;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;
using Locutor.Training.Faces;
using Locutor.Training.Motion;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>A person of the evaluation: a posture, the spoken text, and the rendered frames to compare with.</summary>
public sealed class TalkingSubject
{
    private readonly int size;

    public TalkingSubject(int index, int size, FaceRenderer renderer)
    {
        this.size = size;
        Person = Person.Draw(index);
        var random = new Random(index * 31 + 7);
        Held = new FacePose
        {
            HeadYaw = 0.1f * Around(random),
            HeadPitch = 0.05f * Around(random),
            HeadRoll = 0.04f * Around(random),
            Scale = 1 + 0.04f * Around(random),
        };
        Meter = MouthMeter.For(Person, Held, renderer, index);
    }

    public Person Person { get; }

    /// <summary>The face at rest.</summary>
    public FacePose Held { get; }

    public MouthMeter Meter { get; }

    /// <summary>Renders the face at rest.</summary>
    public byte[] Portrait(FaceRenderer renderer)
    {
        byte[] portrait = new byte[renderer.FrameBytes];
        renderer.Render(Person, Held, portrait);
        return portrait;
    }

    /// <summary>Renders the frames of speech in a mood. The first frame is the portrait.</summary>
    public Truth Speak(SpeechMix speech, string mood, FaceRenderer renderer, int seed)
    {
        var poses = FaceMotion.Animate(speech, Held, mood, 0.9f, new Random(seed));
        byte[][] frames = new byte[poses.Length][];
        double[] openings = new double[poses.Length];
        PixelBox[] moving = [];
        for (int i = 0; i < poses.Length; i++)
        {
            frames[i] = new byte[renderer.FrameBytes];
            renderer.Render(Person, poses[i], frames[i]);
            var regions = FaceRegions.Create(Person, poses[i], size, size);
            openings[i] = regions.Truth.Opening;
            moving = i == 0
                ? [regions.Mouth, regions.LeftEye, regions.RightEye]
                : [moving[0].Union(regions.Mouth), moving[1].Union(regions.LeftEye), moving[2].Union(regions.RightEye)];
        }
        var face = FaceRegions.Create(Person, poses[0], size, size).Face;
        return new Truth(speech, frames, openings, moving, face);
    }

    /// <summary>Generates a video in memory as the program does, at the size of the portrait.</summary>
    public async Task<byte[][]> GenerateAsync(
        byte[] portrait, float[] audio, string prompt, NetworkSet networks, VideoSettings settings, long seed,
        CancellationToken cancellationToken)
    {
        var asked = settings with { Prompt = prompt, NegativePrompt = networks.Bundle.NegativePrompt, Seed = seed };
        using var video = ShownVideo.FromMemory(
            networks, asked, new Picture(size, size, portrait), new Waveform(SpeechCorpus.SampleRate, audio));
        var made = new List<byte[]>();
        await foreach (var clip in video.ClipsAsync(cancellationToken: cancellationToken).ConfigureAwait(false))
            made.AddRange(clip.Frames.Select(frame => (byte[])frame.Clone()));
        return [.. made];
    }

    /// <summary>Reads the openings of the mouth from frames.</summary>
    public double[] Read(byte[][] frames) => [.. frames.Select(f => Meter.Read(f))];

    private static float Around(Random random) => random.NextSingle() * 2 - 1;

    /// <param name="Moving">The boxes of mouth and eyes, valid in all frames.</param>
    public sealed record Truth(SpeechMix Speech, byte[][] Frames, double[] Openings, PixelBox[] Moving, PixelBox Face);
}
