using System.Buffers.Binary;
using Locutor.Media.Probing;
using Locutor.Media.Sound;

namespace Locutor.Media.Tests.Sound;

public sealed class AudioDecoderTests : IDisposable
{
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(44100)]
    [InlineData(48000)]
    [InlineData(22050)]
    [InlineData(8000)]
    [InlineData(16000)]
    public async Task Resampling_neither_delays_nor_distorts(int rate)
    {
        string path = folder.Write(
            "in.wav", Wav(rate, 1, rate * 3 / 2 + 7, (n, _) => (float)(0.5 * Math.Sin(2 * Math.PI * 997 * n / rate))));
        var sound = await AudioDecoder.DecodeAsync(path, 16000, MediaLimits.Default, Ct);
        sound.SampleRate.ShouldBe(16000);
        ((double)sound.Samples.Length).ShouldBe(Math.Ceiling((rate * 3 / 2 + 7) * 16000.0 / rate), 1.5);
        for (int n = 200; n < sound.Samples.Length - 200; n++)
            ((double)sound.Samples[n]).ShouldBe(0.5 * Math.Sin(2 * Math.PI * 997 * n / 16000), 2e-4, $"sample {n}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    public async Task Mono_is_the_mean_of_the_channels(int channels)
    {
        var random = TestSeed.NewRandom();
        // no channel is silent, and the channels do not cancel each other
        float[] values = [.. Enumerable.Range(0, channels).Select(_ => 0.2f + 0.8f * random.NextSingle())];
        string path = folder.Write("in.wav", Wav(16000, channels, 8000, (_, c) => values[c]));
        var sound = await AudioDecoder.DecodeAsync(path, 16000, MediaLimits.Default, Ct);
        sound.Samples.Length.ShouldBe(8000);
        sound.Samples.Max(s => Math.Abs(s - values.Average())).ShouldBeLessThan(1e-6f);
    }

    [Theory]
    [InlineData(16000, 0, true)] // copied as it is
    [InlineData(48000, 0, true)] // resampled
    [InlineData(48000, 0.0005, true)]
    [InlineData(16000, 0.002, false)]
    [InlineData(48000, 0.002, false)]
    public async Task A_silent_sound_gets_a_note(int rate, double peak, bool told)
    {
        string path = folder.Write("in.wav", Wav(rate, 1, rate, (n, _) => (float)(peak * Math.Sin(2 * Math.PI * 440 * n / rate))));
        var (sound, note) = await AudioDecoder.ReadAsync(path, 16000, MediaLimits.Default, Ct);
        using (sound) ((double)sound.Peak).ShouldBe(peak, 0.02 * peak);
        note.ShouldBe(told ? $"{path}: it is silent, so the mouth stays at rest" : null);
    }

    [Theory]
    [InlineData("mp3", "-c:a libmp3lame")]
    [InlineData("m4a", "-c:a aac")]
    [InlineData("aac", "-c:a aac -f adts")]
    [InlineData("flac", "-c:a flac")]
    [InlineData("ogg", "-c:a libvorbis")]
    [InlineData("opus", "-c:a libopus -ar 48000")]
    [InlineData("webm", "-c:a libopus -ar 48000")]
    [InlineData("mp4", "-f lavfi -i testsrc=s=64x64:d=2 -c:a aac -c:v libx264")]
    [InlineData("wma", "-c:a wmav2")]
    [InlineData("aiff", "-c:a pcm_s16be")]
    [InlineData("caf", "-c:a pcm_s16be")]
    [InlineData("w64", "-c:a pcm_s16le")]
    public async Task Any_usual_format_is_read_under_any_file_name(string extension, string codec)
    {
        string made = await folder.MakeRowAsync(
            "{0}", "-f lavfi -i aevalsrc=0.125*sin(1000*PI*t)|0.125*sin(1000*PI*t):s=44100:d=2", "{1}", extension, codec);
        File.Move(made, folder["-i.png"]); // neither the suffix nor a leading dash may matter
        var sound = await AudioDecoder.DecodeAsync(folder["-i.png"], 16000, MediaLimits.Default, Ct);
        sound.Seconds.ShouldBe(2, 0.1);
        // sine is 1/8 of full scale
        Enumerable.Range(8000, 16000).Average(n => sound.Samples[n] * sound.Samples[n]).ShouldBe(1 / 128f, 0.001f);
    }

    [Fact]
    public async Task A_song_with_a_cover_picture_is_not_a_video()
    {
        string cover = await folder.MakeAsync("cover.png", "-f lavfi -i testsrc=s=64x64 -frames:v 1");
        await TempFolder.RunAsync(
            "ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-i", cover, "-map", "0", "-map", "1", "-c:a", "libmp3lame",
                folder["song.mp3"]
            ]);
        var info = await MediaProbe.ProbeAsync(folder["song.mp3"], MediaLimits.Default, Ct);
        info.Kind.ShouldBe(MediaKind.Audio);
        info.Streams.Count.ShouldBe(2);
        (await AudioDecoder.DecodeAsync(folder["song.mp3"], 16000, MediaLimits.Default, Ct)).Seconds.ShouldBe(1, 0.1);
    }

    [Fact]
    public async Task Silence_is_valid()
    {
        string path = folder.Write("in.wav", Wav(16000, 1, 16000, (_, _) => 0));
        (await AudioDecoder.DecodeAsync(path, 16000, MediaLimits.Default, Ct)).Samples.ShouldAllBe(s => s == 0);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public async Task Samples_that_are_not_finite_are_refused(float odd)
    {
        foreach (int rate in new[] { 16000, 44100 })
        {
            string path = folder.Write("in.wav", Wav(rate, 2, rate, (n, c) => n == rate / 2 && c == 1 ? odd : 0.1f));
            await RefusedAsync(path, MediaErrorCodes.UnsupportedMedia, "finite");
        }
    }

    [Theory]
    [InlineData(16000)]
    [InlineData(44100)]
    public async Task Samples_far_above_full_scale_are_refused(int rate)
    {
        string path = folder.Write("in.wav", Wav(rate, 2, rate, (n, _) => n == rate / 2 ? 1e12f : 0.1f));
        await RefusedAsync(
            path, MediaErrorCodes.UnsupportedMedia, "expected an amplitude of at most 2^24, where full scale is 1");
        string unscaled = folder.Write("unscaled.wav", Wav(rate, 2, rate, (n, _) => n == rate / 2 ? 1.6e7f : 0.1f));
        (await AudioDecoder.DecodeAsync(unscaled, 16000, MediaLimits.Default, Ct)).Seconds.ShouldBe(1, 0.01);
    }

    [Fact]
    public async Task Too_short_too_long_and_impossible_sounds_are_refused()
    {
        await RefusedAsync(folder.Write("a.wav", Wav(16000, 1, 800, (_, _) => 0.1f)), MediaErrorCodes.AudioTooShort, "0.05 s");
        await RefusedAsync(folder.Write("b.wav", Wav(16000, 1, 0, (_, _) => 0.1f)), null, "b.wav");
        await RefusedAsync(folder.Write("c.wav", Wav(0, 1, 16000, (_, _) => 0.1f)), MediaErrorCodes.UnsupportedMedia, "c.wav");
        await RefusedAsync(folder.Write("d.wav", Wav(16000, 0, 16000, (_, _) => 0.1f)), MediaErrorCodes.UnsupportedMedia, "d.wav");
        string minute = await folder.MakeAsync("e.wav", "-f lavfi -i sine=d=60");
        await RefusedAsync(minute, MediaErrorCodes.TooLarge, "59", MediaLimits.Default with { MaxSeconds = 59 });
        await RefusedAsync(minute, MediaErrorCodes.TooLarge, "bytes", MediaLimits.Default with { MaxFileBytes = 1000 });
    }

    [Fact]
    public async Task A_header_that_lies_about_the_length_is_not_believed()
    {
        byte[] wav = Wav(16000, 1, 16000, (_, _) => 0.1f);
        BinaryPrimitives.WriteUInt32LittleEndian(wav.AsSpan(4), uint.MaxValue); // like programs that write to a pipe
        BinaryPrimitives.WriteUInt32LittleEndian(wav.AsSpan(40), uint.MaxValue);
        (await AudioDecoder.DecodeAsync(folder.Write("pipe.wav", wav), 16000, MediaLimits.Default, Ct)).Samples.Length.ShouldBe(16000);
        // Six seconds of MP3 with a Xing header of half a second.
        string honest = await folder.MakeAsync("honest.mp3", "-f lavfi -i sine=d=6 -c:a libmp3lame -b:a 64k");
        byte[] mp3 = await File.ReadAllBytesAsync(honest, Ct);
        int xing = Math.Max(mp3.AsSpan().IndexOf("Xing"u8), mp3.AsSpan().IndexOf("Info"u8));
        BinaryPrimitives.WriteUInt32BigEndian(mp3.AsSpan(xing + 8), 20);
        await RefusedAsync(
            folder.Write("liar.mp3", mp3), MediaErrorCodes.TooLarge, "more than 3 s", MediaLimits.Default with { MaxSeconds = 3 });
    }

    [Fact]
    public async Task Pictures_silent_videos_and_missing_files_are_refused()
    {
        await RefusedAsync(
            await folder.MakeAsync("a.png", "-f lavfi -i testsrc=s=64x64 -frames:v 1"), MediaErrorCodes.UnsupportedMedia, "picture");
        await RefusedAsync(
            await folder.MakeAsync("a.mp4", "-f lavfi -i testsrc=s=64x64:d=1"), MediaErrorCodes.UnsupportedMedia, "no sound");
        await RefusedAsync(folder["missing.wav"], MediaErrorCodes.FetchFailed, "no such file");
    }

    [Fact]
    public async Task Cancelling_leaves_no_process()
    {
        // Ten minutes of silence, of which the disk holds only the header.
        const uint Bytes = 600 * 48000 * 6 * sizeof(float);
        string path = folder.Write("long.wav", Wav(48000, 6, 0, (_, _) => 0, Bytes));
        await using (var whole = File.OpenWrite(path)) whole.SetLength(whole.Length + Bytes);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Should.ThrowAsync<OperationCanceledException>(() => AudioDecoder.DecodeAsync(path, 16000, MediaLimits.Default, stop.Token));
        var slow = MediaLimits.Default with { DecodeTimeout = TimeSpan.FromMilliseconds(50) };
        await RefusedAsync(path, MediaErrorCodes.Timeout, "0.1 s", slow);
        TempFolder.ProcessesNaming(folder.Path).ShouldBeEmpty();
    }

    private static async Task RefusedAsync(string path, string? code, string word, MediaLimits? limits = null)
    {
        var error = await Should.ThrowAsync<MediaException>(() => AudioDecoder.DecodeAsync(path, 16000, limits ?? MediaLimits.Default, Ct));
        if (code is not null) error.Code.ShouldBe(code, error.Message);
        error.Message.ShouldStartWith(path);
        error.Message.ShouldContain(word);
        error.Message.ShouldNotContain('\n');
    }

    private static byte[] Wav(int rate, int channels, int samples, Func<int, int, float> value, uint? length = null) =>
        WavFile.Float(rate, channels, samples, value, length: length);

    public void Dispose() => folder.Dispose();
}
