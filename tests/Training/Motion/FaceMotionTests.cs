using Locutor.Training.Motion;
using Locutor.Training.Speech;

namespace Locutor.Training.Tests.Motion;

public sealed class FaceMotionTests
{
    private const int Frames = 600, LatentFrames = 2, FramesOfLatent = 4;

    [Fact]
    public void A_blink_fills_two_latent_frames()
    {
        int seed = TestSeed.Value, blinks = 0;
        for (int i = 0; i < 20; i++)
        {
            float[] lids = Lids(Loudness(seed + i), seed + i);
            for (int f = 1; f < Frames; f++)
            {
                if (lids[f] == 0 || lids[f - 1] != 0) continue;
                blinks++;
                (f % (LatentFrames * FramesOfLatent)).ShouldBe(1, $"seed {seed + i}, frame {f}");
                if (f + LatentFrames * FramesOfLatent >= Frames) continue;
                lids[(f + 1)..(f + FramesOfLatent)].ShouldAllBe(lid => lid == 1, $"seed {seed + i}, frame {f}");
                lids[f + LatentFrames * FramesOfLatent - 1].ShouldBe(0, $"seed {seed + i}, frame {f}");
            }
        }
        blinks.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Lids_close_when_a_pause_begins_and_now_and_then_in_silence()
    {
        float[] loudness = [.. Enumerable.Range(0, Frames).Select(f => f % 100 < 60 ? 0.5f : 0f)];
        float[] lids = Lids(loudness, TestSeed.Value), silent = Lids(new float[Frames], TestSeed.Value);
        for (int pause = 60; pause + 10 < Frames; pause += 100) // unless they closed less than a second before
            lids[(pause - SpeechMix.FrameRate)..(pause + 10)].Max().ShouldBe(1, $"frame {pause}");
        silent.Count(lid => lid == 1).ShouldBeInRange(9, 27); // a blink every three to six seconds
    }

    private static float[] Lids(float[] loudness, int seed)
    {
        var speech = new SpeechMix([], new MouthPose[Frames], loudness);
        return [.. FaceMotion.Animate(speech, default, "neutral", 1, new Random(seed)).Select(pose => pose.Blink)];
    }

    /// <summary>Returns syllables and pauses of random lengths.</summary>
    private static float[] Loudness(int seed)
    {
        var random = new Random(seed);
        float[] loudness = new float[Frames];
        for (int f = 0; f < Frames;)
        {
            bool loud = random.Next(3) > 0;
            for (int end = Math.Min(Frames, f + random.Next(1, 40)); f < end; f++) loudness[f] = loud ? 0.2f + random.NextSingle() : 0;
        }
        return loudness;
    }
}
