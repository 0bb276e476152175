using Locutor.Generation.Compositing;
using Locutor.Generation.Pictures;
using Locutor.Media.Sound;

namespace Locutor.Generation.Tests.Compositing;

/// <summary>The motion of a head and the warp that shows it.</summary>
public sealed class HeadTests
{
    private const int Rate = 16000;
    private readonly Random random = TestSeed.NewRandom();

    [Fact]
    public void Motion_depends_on_seed_voice_and_frame_alone_and_begins_at_rest()
    {
        using var voice = Voice(6);
        HeadMotion once = new(voice, 5, 1), jumped = new(voice, 5, 1), other = new(voice, 6, 1);
        HeadPose[] poses = [.. Enumerable.Range(0, 150).Select(once.At)];
        poses[0].ShouldBe(new HeadPose(0, 0, 0, 0, 0, 0));
        jumped.At(120).ShouldBe(poses[120], "as in a run that was resumed");
        jumped.At(40).ShouldBe(poses[40], "frames may be asked for again");
        other.At(120).ShouldNotBe(poses[120]);
        new HeadMotion(voice, 5, 0.5).At(120).Roll.ShouldBe(poses[120].Roll / 2, 1e-6f);
    }

    [Fact]
    public void A_head_nods_with_a_voice_and_stays_near_the_portrait()
    {
        using StoredSound voice = Voice(20), silence = StoredSound.From(new Waveform(Rate, new float[20 * Rate]));
        HeadMotion speaking = new(voice, 1, 1), silent = new(silence, 1, 1);
        HeadPose[] spoken = [.. Enumerable.Range(0, 500).Select(speaking.At)], rested = [.. Enumerable.Range(0, 500).Select(silent.At)];
        spoken.Max(pose => pose.Nod).ShouldBeGreaterThan(0.001f);
        rested.ShouldAllBe(pose => pose.Nod == 0);
        rested.Max(pose => Math.Abs(pose.Turn)).ShouldBeGreaterThan(0.001f, "a silent head sways too");
        spoken.SelectMany(pose => new[] { pose.ShiftX, pose.ShiftY, pose.Turn, pose.Nod, pose.Breath })
            .ShouldAllBe(share => Math.Abs(share) < 0.012f);
        for (int f = 1; f < spoken.Length; f++)
        {
            Math.Abs(spoken[f].Nod - spoken[f - 1].Nod).ShouldBeLessThan(0.0025f, $"frame {f}");
            Math.Abs(spoken[f].Turn - spoken[f - 1].Turn).ShouldBeLessThan(0.0025f, $"frame {f}");
        }
    }

    [Theory]
    [InlineData(96, 96, 0, 0, 96)]
    [InlineData(101, 173, 0, 40, 101)] // odd sizes, a square beside the borders
    [InlineData(150, 83, 20, 0, 83)]
    public void A_shift_moves_the_head_by_its_pixels_and_no_border(int height, int width, int top, int left, int side)
    {
        // Cubic interpolation reproduces a plane exactly, so that the expected values are known.
        byte[] frame = new byte[3 * height * width];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                for (int c = 0; c < 3; c++) frame[3 * (y * width + x) + c] = (byte)(x + (c == 1 ? y : 0));
        }
        byte[] moved = [.. frame];
        var warp = new HeadWarp(height, width, new PixelRegion(top, left, top + side, left + side));
        byte[] still = new byte[warp.StillBytes];
        warp.Apply(moved, new HeadPose(0, 0, 0, 0, 0, 0), still);
        moved.ShouldBe(frame, "at rest nothing changes");

        warp.Apply(moved, new HeadPose(ShiftX: 2f / side, ShiftY: -3f / side, 0, 0, 0, 0), still);
        int middle = 3 * ((top + (int)(0.45f * side)) * width + left + side / 2);
        ((int)moved[middle]).ShouldBe(frame[middle] - 2);
        ((int)moved[middle + 1]).ShouldBe(frame[middle + 1] - 2 + 3);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                if (x < 4 || y < 4 || x >= width - 4 || y >= height - 4)
                    moved[3 * (y * width + x)].ShouldBe(frame[3 * (y * width + x)], $"{x}, {y}");
            }
        }
    }

    [Fact]
    public void Pixels_are_interpolated_as_the_plain_formula_does()
    {
        const int size = 90;
        byte[] frame = random.Bytes(3 * size * size), moved = [.. frame];
        var pose = new HeadPose(0.35f / size, 0.6f / size, 0, 0, 0, 0);
        var warp = new HeadWarp(size, size, new PixelRegion(0, 0, size, size));
        warp.Apply(moved, pose, new byte[warp.StillBytes]);
        float[] across = new float[4], down = new float[4];
        for (int y = 36; y < 46; y++) // inside the ellipse, where the weight is 1
        {
            for (int x = 40; x < 50; x++)
            {
                CatmullRom.Weigh(MathF.Floor(0.65f * 64) / 64, across); // 64 positions between two pixels
                CatmullRom.Weigh(MathF.Floor(0.4f * 64) / 64, down);
                for (int c = 0; c < 3; c++)
                {
                    float sum = 0;
                    for (int i = 0; i < 4; i++)
                        for (int j = 0; j < 4; j++) sum += down[i] * across[j] * frame[3 * ((y - 2 + i) * size + x - 2 + j) + c];
                    ((double)moved[3 * (y * size + x) + c]).ShouldBe(Math.Clamp(sum, 0, 255), 1.1, $"{x}, {y}");
                }
            }
        }
    }

    /// <summary>Syllables of noise, four in a second.</summary>
    private StoredSound Voice(int seconds)
    {
        float[] samples = new float[seconds * Rate];
        for (int i = 0; i < samples.Length; i++)
        {
            double loudness = i / (Rate / 4) % 5 == 4 ? 0 : Math.Pow(Math.Sin(Math.PI * (i % (Rate / 4)) / (Rate / 4)), 2);
            samples[i] = (float)(0.3 * loudness * (2 * random.NextDouble() - 1));
        }
        return StoredSound.From(new Waveform(Rate, samples));
    }
}
