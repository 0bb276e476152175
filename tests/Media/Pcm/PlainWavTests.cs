using System.Runtime.InteropServices;
using Locutor.Media.Files;
using Locutor.Media.Pcm;
using Locutor.Media.Probing;
using Locutor.Media.Sound;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Pcm;

/// <summary>WAV files that are read without ffmpeg give what ffprobe and ffmpeg give; all others are left to these programs.</summary>
public sealed class PlainWavTests : IDisposable
{
    private readonly TempFolder folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("s16le", 16000)]
    [InlineData("s24le", 16000)]
    [InlineData("s32le", 22050)]
    [InlineData("f32le", 44100)]
    public async Task Description_and_samples_equal_those_of_ffmpeg(string coding, int rate)
    {
        string path = await folder.MakeAsync(
            "voice.wav", $"-f lavfi -i anoisesrc=d=0.7:a=1:seed=1:r={rate},volume=1.4 -c:a pcm_{coding}");
        await ShouldBeDescribedAsync(MediaFile.Open(path, MediaLimits.Default));

        await DecodeAsync(path);
        byte[] decoded = await File.ReadAllBytesAsync(folder["raw"], Ct);
        var sound = await AudioDecoder.DecodeAsync(path, rate, MediaLimits.Default, Ct);
        sound.Samples.ShouldBe(MemoryMarshal.Cast<byte, float>(decoded).ToArray());
        await ShouldBeHeardAsync(path, decoded, rate, channels: 1);
    }

    [Theory]
    [InlineData("s16le", 44100)]
    [InlineData("s24le", 48000)]
    [InlineData("f32le", 16000)]
    public async Task Two_channels_are_described_and_measured_as_by_ffmpeg(string coding, int rate)
    {
        string noise = $"anoisesrc=d=0.7:a=1:seed=1:r={rate}[a];anoisesrc=d=0.7:a=0.5:seed=2:r={rate}[b];[a][b]amerge";
        string path = await folder.MakeAsync("voice.wav", $"-f lavfi -i {noise} -c:a pcm_{coding}");
        var file = MediaFile.Open(path, MediaLimits.Default);
        await ShouldBeDescribedAsync(file);

        await DecodeAsync(path);
        byte[] decoded = await File.ReadAllBytesAsync(folder["raw"], Ct);
        var expected = ChannelPowers.From(MemoryMarshal.Cast<byte, float>(decoded), 2);
        var found = await ChannelPowers.MeasureAsync(file, PlainWav.Find(file)!.Describe().Audio!, MediaLimits.Default, Ct);
        found.All.ShouldBe(expected.All);
        found.OfMix([0.5, 0.5]).ShouldBe(expected.OfMix([0.5, 0.5]));
        await ShouldBeHeardAsync(path, decoded, rate, channels: 2);
    }

    [Fact]
    public async Task Bytes_behind_the_sound_are_not_heard()
    {
        // An odd number of bytes and the zero that follows them in the file, which then grows.
        byte[] head = [.. Mono()[..44]], samples = [.. Enumerable.Range(0, 303).Select(n => (byte)n)];
        (head[20], head[32], head[34], head[40], head[41]) = (1, 3, 24, 47, 1); // 101 samples of 24 bits
        string path = folder.Write("voice.wav", [.. head, .. samples, 0]);
        await using var source = await Soundtrack.FromFile(path).OpenAsync(MediaLimits.Default, Ct);
        await File.AppendAllBytesAsync(path, samples, Ct);
        byte[] heard = new byte[150 * sizeof(float)];
        await source.ReadAsync(heard, Ct);
        MemoryMarshal.Cast<byte, float>(heard)[..101].ToArray().ShouldBe(new PcmFormat("s24le", 8000, 1).ToFloats(samples));
        heard[(101 * sizeof(float))..].ShouldAllBe(value => value == 0);
        await source.ReadAsync(heard, Ct);
        heard.ShouldAllBe(value => value == 0);
    }

    [Fact]
    public void All_that_is_not_plain_is_left_to_ffprobe()
    {
        byte[] plain = Mono();
        Find(plain).ShouldBe(new PlainWav(new PcmFormat("f32le", 8000, 1), 44, 4000));
        Find(Mono([.. "LIST"u8, 5, 0, 0, 0, .. "INFOx\0"u8])).ShouldBe(new PlainWav(new PcmFormat("f32le", 8000, 1), 58, 4000));
        Find(WavFile.Float(8000, 2, 1000, (_, _) => 0.1f)).ShouldBe(new PlainWav(new PcmFormat("f32le", 8000, 2), 44, 8000));
        Find(WavFile.Float(8000, 3, 1000, (_, _) => 0.1f)).ShouldBeNull("the layout of more channels matters");
        Find(plain[..^4]).ShouldBeNull("a sample is missing");
        Find([.. plain, .. "id3 "u8, 2, 0, 0, 0, 1, 2]).ShouldBeNull("there may be a picture");
        Find(Mono([.. "id3 "u8, 2, 0, 0, 0, 1, 2])).ShouldBeNull("there may be a picture");
        Find(Mono(length: uint.MaxValue)).ShouldBeNull("the length is unknown");
        Find(Mono(length: 0)).ShouldBeNull("the length is unknown");
        Find(With(plain, 34, 64)).ShouldBeNull("64-bit samples");
        Find(With(plain, 20, 17)).ShouldBeNull("a compressed format");
        Find(With(plain, 16, 255)).ShouldBeNull("the header is longer than the file says");
        Find([.. "RF64"u8, .. plain[4..]]).ShouldBeNull();
        for (int length = 12; length < 44; length++) Find(plain[..length]).ShouldBeNull($"only {length} bytes");
    }

    private static async Task ShouldBeDescribedAsync(MediaFile file)
    {
        var wav = PlainWav.Find(file).ShouldNotBeNull();
        var (found, expected) = (wav.Describe(), await MediaProbe.DescribeAsync(file, MediaLimits.Default, Ct));
        found.Streams.Select(stream => stream with { ChannelLayout = null })
            .ShouldBe(expected.Streams.Select(stream => stream with { ChannelLayout = null }));
        (found with { Streams = expected.Streams, Duration = null }).ShouldBe(expected with { Duration = null });
        found.Duration!.Value.ShouldBe(expected.Duration!.Value, 1e-6);
    }

    /// <summary>The soundtrack of a video gets these samples, and silence after them.</summary>
    private static async Task ShouldBeHeardAsync(string path, byte[] samples, int rate, int channels)
    {
        await using var source = await Soundtrack.FromFile(path).OpenAsync(MediaLimits.Default, Ct);
        (source.SampleRate, source.Channels).ShouldBe((rate, channels));
        int sample = channels * sizeof(float), first = 1001 * sample;
        byte[] heard = new byte[samples.Length + 100 * sample];
        await source.ReadAsync(heard.AsMemory(0, first), Ct);
        await source.ReadAsync(heard.AsMemory(first), Ct);
        heard.ShouldBe([.. samples, .. new byte[heard.Length - samples.Length]]);
    }

    private async Task DecodeAsync(string path) => await TempFolder.RunAsync(
        "ffmpeg",
        ["-v", "error", "-i", "file:" + path, "-af", "aformat=sample_fmts=fltp", "-f", "f32le", "-c:a", "pcm_f32le", folder["raw"]]);

    private static byte[] Mono(byte[]? before = null, uint? length = null) =>
        WavFile.Float(8000, 1, 1000, (n, _) => 0.001f * n, before, length);

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }

    private PlainWav? Find(byte[] bytes) => PlainWav.Find(MediaFile.Open(folder.Write("in.wav", bytes), MediaLimits.Default));
}
