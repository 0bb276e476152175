using Locutor.Training.Faces;
using Locutor.Training.Motion;
using Locutor.Training.Speech;

namespace Locutor.Training.Data;

/// <summary>
/// Creates scenes. A scene depends only on its number. Persons below <see cref="FirstTrainingPerson"/> are reserved for the evaluation.
/// </summary>
public sealed class SceneMaker
{
    public const int FirstTrainingPerson = 10_000;
    private readonly ScriptOptions options;
    private readonly Utterance[][] voices;

    private readonly bool plain;

    /// <param name="plain">Whether all persons are neutral and in a quiet room, for measurements.</param>
    public SceneMaker(ScriptOptions options, IReadOnlyList<Utterance> speech, bool plain = false)
    {
        this.options = options;
        this.plain = plain;
        voices = [.. speech.GroupBy(u => u.Voice).OrderBy(g => g.Key).Select(g => g.ToArray())];
        if (voices.Length == 0) throw new ArgumentException("expected at least one utterance, found none", nameof(speech));
    }

    /// <param name="number">The number of the scene: 0 or more for training, below 0 for persons outside the training data.</param>
    /// <param name="renderer">A renderer of the size in the options, which only this thread uses.</param>
    public Scene Make(int number, FaceRenderer renderer)
    {
        var random = new Random(unchecked(number * 7919 + 12345));
        for (int i = 0; i < 8; i++) random.Next(); // Consecutive seeds give similar first values.
        var person = Person.Draw(FirstTrainingPerson + number);
        // Half of the scenes start as a video does: the portrait stands still for as long as motion frames show what was before.
        int leadIn = plain || random.Next(2) == 0 ? 0 : options.MotionFrames - 1, frames = options.Frames - leadIn;
        var speech = random.Next(14) == 0 && !plain
            ? SpeechMix.Silence(frames, random)
            : SpeechMix.Compose(voices[random.Next(voices.Length)], frames, random, plain);
        if (!plain) RoomSound.Apply(speech.Audio, random);
        RoomSound.Normalise(speech.Audio);
        int mood = plain || random.Next(2) == 0 ? 0 : random.Next(1, PromptPhrases.Moods.Count);
        var portrait = plain ? Held(default, random) : Portrait(mood, random);
        var poses = FaceMotion.Animate(speech, portrait, PromptPhrases.Moods[mood], 0.7f + 0.3f * random.NextSingle(), random);
        if (leadIn == 0) return Paint(person, poses, speech.Audio, mood, renderer);
        var still = FaceMotion.Speak(portrait, default, 0, 0);
        poses = [.. Enumerable.Repeat(still, options.MotionFrames), .. poses.AsSpan(1)];
        float[] audio = [.. new float[leadIn * SpeechMix.FrameSamples], .. speech.Audio];
        return Paint(person, poses, audio, mood, renderer) with { LeadIn = leadIn };
    }

    /// <summary>Renders a scene with the given poses.</summary>
    public Scene Paint(Person person, FacePose[] poses, float[] audio, int mood, FaceRenderer renderer)
    {
        byte[] frames = new byte[poses.Length * options.FrameBytes];
        PixelBox? mouth = null, left = null, right = null, face = null;
        for (int i = 0; i < poses.Length; i++)
        {
            renderer.Render(person, poses[i], frames.AsSpan(i * options.FrameBytes, options.FrameBytes));
            var regions = FaceRegions.Create(person, poses[i], options.Size, options.Size);
            mouth = mouth?.Union(regions.Mouth) ?? regions.Mouth;
            left = left?.Union(regions.LeftEye) ?? regions.LeftEye;
            right = right?.Union(regions.RightEye) ?? regions.RightEye;
            face = face?.Union(regions.Face) ?? regions.Face;
        }
        return new Scene(person, frames, poses, audio, mouth!.Value, [left!.Value, right!.Value], face!.Value, mood);
    }

    /// <summary>
    /// Draws a random pose at rest. The posture varies a little, and the face sometimes already has the mood or another one.
    /// </summary>
    internal static FacePose Portrait(int mood, Random random)
    {
        int shown = random.Next(10) switch { < 6 => 0, < 8 => mood, _ => random.Next(PromptPhrases.Moods.Count) };
        var pose = Expression.Named(PromptPhrases.Moods[shown], 0.6f + 0.4f * random.NextSingle());
        if (random.Next(8) == 0)
        {
            pose = pose with
            {
                JawOpen = 0.5f * random.NextSingle(),
                LipWidth = random.NextSingle() - 0.3f,
                UpperTeeth = random.NextSingle(),
            };
        }
        return Held(pose, random);
    }

    private static FacePose Held(FacePose pose, Random random) => pose with
    {
        HeadYaw = 0.16f * Around(random),
        HeadPitch = 0.08f * Around(random),
        HeadRoll = 0.07f * Around(random),
        HeadX = 0.025f * Around(random),
        HeadY = 0.025f * Around(random),
        Scale = 1 + 0.07f * Around(random),
        GazeX = 0.3f * Around(random),
        GazeY = 0.2f * Around(random),
    };

    /// <summary>Returns a random number from -1 to 1, mostly near 0.</summary>
    private static float Around(Random random) => random.NextSingle() + random.NextSingle() - 1;
}
