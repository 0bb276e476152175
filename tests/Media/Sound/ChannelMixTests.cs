using System.Runtime.InteropServices;
using Locutor.Media.Sound;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Sound;

/// <summary>The network and the listener get one mix, and it is audible.</summary>
public sealed class ChannelMixTests : IDisposable
{
    private const int Rate = 24000;
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10, 0)]
    [InlineData(6, 3)] // in a 5.1 layout this channel would be the dropped subwoofer channel
    [InlineData(8, 7)]
    [InlineData(3, 2)]
    [InlineData(32, 17)]
    public async Task A_voice_on_one_channel_of_many_keeps_its_level(int channels, int speaking)
    {
        string path = folder.Write("in.wav", WavFile.Float(Rate, channels, Rate, (n, c) => c == speaking ? WavFile.Voice(n, Rate) : 0));
        var voice = await VoiceAsync(path, Rate);
        voice.Note.ShouldNotBeNull().ShouldContain($"channel {speaking + 1} is used");
        voice.Sound.Samples.Length.ShouldBe(Rate);
        Enumerable.Range(0, Rate).Max(n => Math.Abs(voice.Sound.Samples[n] - WavFile.Voice(n, Rate))).ShouldBeLessThan(1e-5f);
        await ShouldBeHeardAsync(path, Power(voice.Sound.Samples));
    }

    [Fact]
    public async Task For_stereo_of_opposite_phase_the_louder_channel_is_taken()
    {
        string path = folder.Write("in.wav", WavFile.Float(Rate, 2, Rate, (n, c) => (c == 0 ? 0.8f : -0.9f) * WavFile.Voice(n, Rate)));
        var voice = await VoiceAsync(path, Rate);
        voice.Note.ShouldNotBeNull().ShouldContain("channel 2, the loudest, is used alone");
        Enumerable.Range(0, Rate).Max(n => Math.Abs(voice.Sound.Samples[n] + 0.9f * WavFile.Voice(n, Rate))).ShouldBeLessThan(1e-5f);
        var (first, second) = await HeardAsync(path);
        ((first + second) / 2 / Power(voice.Sound.Samples)).ShouldBe(1, 0.1);
    }

    [Fact]
    public async Task Ordinary_stereo_is_kept_and_one_sided_stereo_too()
    {
        foreach (float right in new[] { 1f, 0.4f, 0f })
        {
            string path = folder.Write("in.wav", WavFile.Float(Rate, 2, Rate, (n, c) => (c == 0 ? 1 : right) * WavFile.Voice(n, Rate)));
            var voice = await VoiceAsync(path, Rate);
            voice.Note.ShouldBeNull();
            var (first, second) = await HeardAsync(path);
            double one = Power([.. Enumerable.Range(0, Rate).Select(n => WavFile.Voice(n, Rate))]);
            (first / one).ShouldBe(1, 0.05);
            (second / one).ShouldBe(right * right, 0.05);
        }
    }

    [Theory]
    [InlineData("5.1", "FC")]
    [InlineData("5.1", "LFE")]
    [InlineData("5.1(side)", "SL")]
    [InlineData("7.1", "BR")]
    [InlineData("quad", "BL")]
    [InlineData("6.1", "BC")]
    public async Task A_voice_on_any_channel_of_a_known_layout_is_in_the_mono_mix(string layout, string speaker)
    {
        string path = await folder.MakeRowAsync(
            "flac", "-f lavfi -i aevalsrc=0.3*sin(440*PI*t):s=48000:d=1", "-af pan={0}|{1}=c0 -c:a flac", layout, speaker);
        var voice = await VoiceAsync(path, 48000);
        voice.Note.ShouldBeNull();
        Power(voice.Sound.Samples).ShouldBeInRange(0.009, 0.0451); // at least half the amplitude of 0.3
        await ShouldBeHeardAsync(path, Power(voice.Sound.Samples));
    }

    [Fact]
    public async Task A_downmix_never_clips_and_keeps_left_and_right()
    {
        string loud = await folder.MakeAsync(
            "loud.wav",
            "-f lavfi -i aevalsrc=0.9*sin(440*PI*t):s=48000:d=1 -af pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0 -c:a pcm_f32le");
        (await AudioDecoder.DecodeAsync(loud, 48000, MediaLimits.Default, Ct)).Samples.Max().ShouldBe(0.9f, 0.01f);
        string left = await folder.MakeAsync(
            "left.wav",
            "-f lavfi -i aevalsrc=0.5*sin(440*PI*t)|0.5*sin(900*PI*t):s=48000:d=1 -af pan=5.1|FL=c0|FR=0*c0|FC=0.01*c1 -c:a pcm_f32le");
        var (first, second) = await HeardAsync(left);
        first.ShouldBeGreaterThan(20 * second);
    }

    [Fact]
    public void Channels_that_cancel_are_distinguished_from_channels_that_differ()
    {
        var random = TestSeed.NewRandom();
        ChannelPowers Of(int channels, Func<int, int, double> value) =>
            ChannelPowers.From([.. Enumerable.Range(0, 4000 * channels).Select(i => (float)value(i / channels, i % channels))], channels);
        double[] noise = [.. Enumerable.Range(0, 4000).Select(_ => random.NextDouble() - 0.5)];
        ChannelMix.Choose(Of(2, (_, _) => random.NextDouble() - 0.5), "stereo").Note.ShouldBeNull();
        ChannelMix.Choose(Of(16, (_, _) => random.NextDouble() - 0.5), null).Note.ShouldBeNull();
        ChannelMix.Choose(Of(2, (n, c) => c == 0 ? noise[n] : -noise[n]), null).HeardChannels.ShouldBe(1);
        ChannelMix.Choose(Of(2, (n, c) => c == 0 ? noise[n] : -0.4 * noise[n]), null).HeardChannels.ShouldBe(2); // quieter, but not silent
        ChannelMix.Choose(Of(4, (n, c) => c % 2 == 0 ? noise[n] : -noise[n]), "quad").Note.ShouldNotBeNull();
        ChannelMix.Choose(Of(2, (_, _) => 0), "stereo").Note.ShouldBeNull(); // silence is valid
        ChannelMix.Choose(Of(5, (_, _) => 0), null).HeardChannels.ShouldBe(1);
    }

    [Theory]
    [InlineData(1)] // is read without a decoder
    [InlineData(3)]
    public async Task A_sound_that_breaks_off_is_an_error_and_never_silence(int channels)
    {
        // More than the pipe from the decoder holds.
        string path = folder.Write("in.wav", WavFile.Float(Rate, channels, 3 * Rate, (n, _) => WavFile.Voice(n, Rate)));
        await using var writer = await VideoWriter.CreateAsync(
            new VideoWriterOptions(folder["out.mp4"], 64, 64) { Sound = Soundtrack.FromFile(path) }, Ct);
        if (channels == 1) File.WriteAllBytes(path, File.ReadAllBytes(path)[..50_000]);
        foreach (int decoder in TempFolder.ProcessesNaming("file:" + path)) System.Diagnostics.Process.GetProcessById(decoder).Kill();
        var error = await Should.ThrowAsync<MediaException>(async () =>
        {
            for (int i = 0; i < 100; i++) await writer.WriteFrameAsync(new byte[3 * 64 * 64], Ct); // 4 s of frames for 3 s of sound
        });
        error.Message.ShouldStartWith(path);
    }

    /// <summary>
    /// Measures the sound that the writer of a video receives. <see cref="HeardAsync"/> measures the sound of the finished video.
    /// </summary>
    private static async Task ShouldBeHeardAsync(string path, double power)
    {
        await using var track = await Soundtrack.FromFile(path).OpenAsync(MediaLimits.Default, Ct);
        byte[] second = new byte[sizeof(float) * track.SampleRate * track.Channels];
        await track.ReadAsync(second, Ct);
        double heard = Power(MemoryMarshal.Cast<byte, float>(second).ToArray());
        (heard / power).ShouldBeInRange(0.7, 2.2); // two speakers may carry a centre twice
    }

    /// <summary>Powers of both channels of the finished video's sound; one channel counts twice.</summary>
    private async Task<(double First, double Second)> HeardAsync(string path)
    {
        var options = new VideoWriterOptions(folder["heard.mp4"], 64, 64) { Sound = Soundtrack.FromFile(path) };
        await using (var writer = await VideoWriter.CreateAsync(options, Ct))
        {
            for (int i = 0; i < 25; i++) await writer.WriteFrameAsync(new byte[3 * 64 * 64], Ct);
            await writer.CompleteAsync(Ct);
        }
        byte[] wav = await TempFolder.RunForBytesAsync(
            "ffmpeg", ["-v", "error", "-i", options.Path, "-f", "wav", "-c:a", "pcm_f32le", "-ar", "48000", "-"]);
        int count = BitConverter.ToInt16(wav, 22), start = wav.AsSpan().IndexOf("data"u8) + 8;
        double Of(int channel) =>
            Power([.. Enumerable.Range(4800, 38400).Select(n => BitConverter.ToSingle(wav, start + 4 * (n * count + channel)))]);
        return (Of(0), Of(count - 1));
    }

    private static async Task<(Waveform Sound, string? Note)> VoiceAsync(string path, int rate)
    {
        var recording = await AudioDecoder.ReadAsync(path, rate, MediaLimits.Default, Ct);
        using var sound = recording.Sound;
        return (sound.ToWaveform(), recording.Note);
    }

    private static double Power(float[] samples) => samples.Average(s => (double)s * s);

    public void Dispose() => folder.Dispose();
}
