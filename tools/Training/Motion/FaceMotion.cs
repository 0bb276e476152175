using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Motion;

/// <summary>
/// Computes the motion of a whole face from speech and a mood. The head does not move, since a network cannot predict its motion from
/// sound. Lids close when a speaker would blink, mostly at the start of a pause. Brows rise a little with loud syllables.
/// </summary>
public static class FaceMotion
{
    // 0.28 s, of which the lids are shut for 0.12 s. Few frames show lids half closed, which are the hardest to draw.
    private static readonly float[] BlinkShape = [0.45f, 1f, 1f, 1f, 0.7f, 0.3f, 0.1f];

    /// <summary>
    /// A blink begins only at frames 1, 9, 17 and so on: it then fills two latent frames of the video autoencoder, the first while the lids
    /// close and the second while they open. With blinks at any frame, the video transformer would draw mixtures of their phases.
    /// </summary>
    private const int BlinkGrid = 8;

    private const int ShortestGap = 75, LongestGap = 150; // frames between blinks that no pause causes

    private const double MoodSeconds = 0.6;
    private const float Quiet = 0.08f;

    /// <summary>Computes the pose of the face in every frame.</summary>
    /// <param name="speech">The speech. It has the frames of the video.</param>
    /// <param name="from">The pose in the portrait.</param>
    /// <param name="mood">The expression that the face reaches within 0.6 s, see <see cref="Expression"/>.</param>
    /// <param name="strength">The strength of the expression, 0 to 1.</param>
    public static FacePose[] Animate(SpeechMix speech, FacePose from, string mood, float strength, Random random)
    {
        int frames = speech.Mouth.Length;
        float[] blinks = Blinks(speech, random), brows = Brows(speech.Loudness);
        var to = Held(Expression.Named(mood, strength), from);
        var poses = new FacePose[frames];
        for (int i = 0; i < frames; i++)
        {
            float t = (float)Math.Min(1, i / (MoodSeconds * SpeechMix.FrameRate)), eased = t * t * (3 - 2 * t);
            poses[i] = Speak(FacePose.Lerp(from, to, eased), speech.Mouth[i], blinks[i], brows[i]);
        }
        return poses;
    }

    /// <summary>Adds speech, lids and brows to an expression.</summary>
    public static FacePose Speak(FacePose mood, MouthPose mouth, float blink, float brow) => mood with
    {
        JawOpen = mood.JawOpen * (1 - mouth.LipPress) + mouth.JawOpen,
        LipWidth = Math.Clamp(mood.LipWidth + mouth.LipWidth, -1, 1),
        LipRound = Math.Max(mood.LipRound * 0.5f, mouth.LipRound),
        LipPress = mouth.LipPress,
        UpperTeeth = Math.Max(mood.UpperTeeth * 0.5f, mouth.UpperTeeth),
        Tongue = mouth.Tongue,
        Blink = Math.Max(mood.Blink, blink),
        BrowRaise = mood.BrowRaise + brow,
    };

    /// <summary>Returns an expression on a head that keeps the posture of the portrait.</summary>
    internal static FacePose Held(FacePose mood, in FacePose portrait) => mood with
    {
        GazeX = portrait.GazeX,
        GazeY = portrait.GazeY,
        HeadYaw = portrait.HeadYaw,
        HeadPitch = portrait.HeadPitch,
        HeadRoll = portrait.HeadRoll,
        HeadX = portrait.HeadX,
        HeadY = portrait.HeadY,
        Scale = portrait.Scale,
    };

    private static float[] Blinks(SpeechMix speech, Random random)
    {
        int frames = speech.Loudness.Length, last = -SpeechMix.FrameRate, pause = -BlinkGrid;
        float[] blinks = new float[frames];
        int spontaneous = random.Next(30, LongestGap);
        for (int i = 1; i < frames; i++)
        {
            if (PauseBegins(speech.Loudness, i)) pause = i;
            bool wanted = i - pause < BlinkGrid || i - last > spontaneous;
            if (i % BlinkGrid != 1 || !wanted || i - last < SpeechMix.FrameRate) continue;
            for (int k = 0; k < BlinkShape.Length && i + k < frames; k++) blinks[i + k] = BlinkShape[k];
            last = i;
            spontaneous = random.Next(ShortestGap, LongestGap);
        }
        return blinks;
    }

    private static bool PauseBegins(float[] loudness, int frame) =>
        frame >= 2 && loudness[frame] < Quiet && loudness[frame - 1] < Quiet && loudness[frame - 2] >= Quiet;

    private static float[] Brows(float[] loudness)
    {
        float[] brows = new float[loudness.Length];
        float quick = 0, slow = 0.3f;
        for (int i = 0; i < brows.Length; i++)
        {
            quick += 0.35f * (loudness[i] - quick);
            slow += 0.03f * (loudness[i] - slow);
            brows[i] = Math.Clamp(0.5f * (quick - slow), 0, 0.25f);
        }
        return brows;
    }
}
