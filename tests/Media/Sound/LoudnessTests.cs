using System.Globalization;
using System.Text.RegularExpressions;
using Locutor.Media.Sound;

namespace Locutor.Media.Tests.Sound;

public sealed partial class LoudnessTests : IDisposable
{
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(16000)]
    [InlineData(44100)]
    [InlineData(48000)]
    public void A_full_scale_sine_of_997_hz_is_three_below_zero(int rate) =>
        // BS.1770-4: -3.01 LKFS for one channel.
        Loudness.Measure(Sine(rate, 997, 1, 5)).ShouldBe(-3.01, 0.1);

    [Fact]
    public async Task Real_sounds_measure_as_ffmpegs_ebur128_does()
    {
        string speech = folder["speech.wav"];
        await TempFolder.RunAsync(
            "espeak-ng", ["-w", speech, "It was a bright cold day in April, and the clocks were striking thirteen. Nobody minded."]);
        string paused = await folder.MakeAsync(
            "paused.wav",
            "-f lavfi -i " +
            $"anoisesrc=color=pink:r=44100:d=6:a=0.3:seed={TestSeed.NewRandom().Next()},volume='if(lt(mod(t,3),1.5),1,0.001)':eval=frame");
        string changing = await folder.MakeAsync(
            "changing.wav", "-f lavfi -i aevalsrc=0.3*sin(2*PI*(200+300*t)*t)*abs(sin(t)):s=48000:d=8");
        foreach (string path in new[] { speech, paused, changing })
        {
            string[] rate = await TempFolder.ProbeAsync(path, "a", "stream=sample_rate");
            var sound = await AudioDecoder.DecodeAsync(path, int.Parse(rate[0], CultureInfo.InvariantCulture), MediaLimits.Default, Ct);
            string messages = await TempFolder.RunForMessagesAsync(
                "ffmpeg", ["-nostdin", "-hide_banner", "-i", path, "-af", "ebur128", "-f", "null", "-"]);
            double expected = double.Parse(Integrated().Matches(messages)[^1].Groups[1].Value, CultureInfo.InvariantCulture);
            Loudness.Measure(sound).ShouldBe(expected, 0.3, path); // ffmpeg prints tenths, and its K-weighting has slightly other corners
        }
    }

    [Fact]
    public void Normalising_reaches_the_target_by_scaling_only()
    {
        var random = TestSeed.NewRandom();
        var noise = new Waveform(16000, [.. Enumerable.Range(0, 16000 * 3 + 11).Select(_ => (random.NextSingle() - 0.5f) * 0.02f)]);
        var set = Loudness.Normalise(noise);
        Loudness.Measure(set).ShouldBe(-23, 0.01);
        float gain = set.Samples[5] / noise.Samples[5];
        for (int n = 0; n < noise.Samples.Length; n++) set.Samples[n].ShouldBe(noise.Samples[n] * gain, 1e-5f);
        Loudness.Measure(Loudness.Normalise(noise, -30)).ShouldBe(-30, 0.01);
    }

    [Fact]
    public void Silence_and_less_than_a_block_are_not_changed()
    {
        foreach (var sound in new[] { new Waveform(16000, new float[32000]), Sine(16000, 300, 0.2, 0.39), Sine(16000, 300, 1e-7, 2) })
        {
            Loudness.Measure(sound).ShouldBe(double.NegativeInfinity);
            Loudness.Normalise(sound).ShouldBeSameAs(sound);
        }
        double.IsFinite(Loudness.Measure(Sine(16000, 300, 0.2, 0.4))).ShouldBeTrue();
    }

    private static Waveform Sine(int rate, double frequency, double amplitude, double seconds) =>
        new(
            rate,
            [.. Enumerable.Range(0, (int)(seconds * rate)).Select(n => (float)(amplitude * Math.Sin(2 * Math.PI * frequency * n / rate)))]);

    [GeneratedRegex(@"I:\s+(-?[\d.]+) LUFS")]
    private static partial Regex Integrated();

    public void Dispose() => folder.Dispose();
}
