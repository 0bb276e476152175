using System.Buffers.Binary;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Locutor.Media.Pcm;
using Locutor.Media.Sound;
using Locutor.Media.Video;

namespace Locutor.Media.Tests.Sound;

/// <summary>A voice that is used while it still arrives.</summary>
public sealed class GrowingSoundTests : IDisposable
{
    private readonly TempFolder folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("s16le:24000", "s16le", 24000, 1)]
    [InlineData("f32le:48000:2", "f32le", 48000, 2)]
    [InlineData("s24le:8000:1", "s24le", 8000, 1)]
    public void A_format_is_read_from_its_written_form(string text, string coding, int rate, int channels) =>
        PcmFormat.TryParse(text).ShouldBe(new PcmFormat(coding, rate, channels));

    [Theory]
    [InlineData("")]
    [InlineData("s16le")]
    [InlineData("24000")]
    [InlineData("mp3:24000")]
    [InlineData("s16le:0")]
    [InlineData("s16le:-8000")]
    [InlineData("s16le:999999999999")]
    [InlineData("s16le:16000:3")]
    [InlineData("s16le:16000:1:1")]
    [InlineData("s16le: 16000")]
    public void Another_text_is_refused_as_a_format(string text) => PcmFormat.TryParse(text).ShouldBeNull();

    /// <summary>The network gets the samples that it would get of the whole file, and the video gets those of the file.</summary>
    [Theory]
    [InlineData("pcm_s16le", "s16le", 24000, 1)]
    [InlineData("pcm_s24le", "s24le", 44100, 2)]
    [InlineData("pcm_s32le", "s32le", 16000, 2)]
    [InlineData("pcm_f32le", "f32le", 48000, 1)]
    public async Task The_samples_are_those_of_the_file(string codec, string coding, int rate, int channels)
    {
        string tones = channels == 1 ? "0.3*sin(1500*t)*sin(5*t)" : "0.3*sin(1500*t)*sin(5*t)|0.2*sin(700*t)";
        string path = await folder.MakeAsync("in.wav", $"-f lavfi -i aevalsrc={tones}:s={rate}:d=2.3 -c:a {codec}");
        var expected = await AudioDecoder.DecodeAsync(path, 16000, MediaLimits.Default, Ct);
        await using var file = File.OpenRead(path);
        var header = await WavHeader.ReadAsync(file, Ct);
        header.Format.ShouldBe(new PcmFormat(coding, rate, channels));
        header.Bytes.ShouldBe((long)Math.Round(2.3 * rate) * header.Format!.FrameBytes);
        await using var sound = new GrowingSound(file, "in.wav", header.Format, header.Bytes, 16000, MediaLimits.Default);
        sound.KnownSeconds!.Value.ShouldBe(2.3, 1e-3);
        await using var track = SoundSource.From(sound);
        float[] found = await ReadAsync(sound);
        found.Length.ShouldBe(expected.Samples.Length);
        for (int i = 0; i < found.Length; i++) found[i].ShouldBe(expected.Samples[i], 1e-6f, $"sample {i}");
        byte[] played = new byte[(int)Math.Round(2.3 * rate) * channels * sizeof(float) + 64];
        await track.ReadAsync(played, Ct);
        (track.SampleRate, track.Channels).ShouldBe((rate, channels));
        float[] samples = MemoryMarshal.Cast<byte, float>(played).ToArray();
        samples[^16..].ShouldAllBe(sample => sample == 0, "silence follows the end");
        for (int i = 0; i < 200; i++)
        {
            double t = (double)(i / channels) / rate;
            ((double)samples[i])
                .ShouldBe(i % channels == 1 ? 0.2 * Math.Sin(700 * t) : 0.3 * Math.Sin(1500 * t) * Math.Sin(5 * t), 1e-3, $"sample {i}");
        }
    }

    /// <summary>A writer that sends more only after the reader has got what was sent shows that nothing waits for later sound.</summary>
    [Fact]
    public async Task Samples_are_read_before_later_ones_are_written()
    {
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        await using var sound = new GrowingSound(reader, "pipe", new PcmFormat("s16le", 24000, 1), null, 16000, MediaLimits.Default);
        byte[] second = new byte[2 * 24000];
        for (int i = 0; i < 24000; i++) BinaryPrimitives.WriteInt16LittleEndian(second.AsSpan(2 * i), (short)(8000 * Math.Sin(0.1 * i)));
        int got = 0;
        for (int sent = 1; sent <= 3; sent++)
        {
            await writer.WriteAsync(second, Ct);
            // The filter of the resampler needs some later samples; they are less than a twentieth of a second.
            while (got < sent * 16000 - 800) got += await sound.ReadAsync(new float[4000], Ct);
        }

        writer.Dispose();
        (got + (await ReadAsync(sound)).Length).ShouldBe(3 * 16000);
        sound.Seconds.ShouldBe(3);
    }

    [Theory]
    [InlineData("cut", MediaErrorCodes.UnsupportedMedia, "ends after 0.5 s, and its header promises 2 s")]
    [InlineData("torn", MediaErrorCodes.UnsupportedMedia, "breaks off inside a sample")]
    [InlineData("short", MediaErrorCodes.AudioTooShort, "expected at least 0.1 s")]
    [InlineData("long", MediaErrorCodes.TooLarge, "more than 0.4 s")]
    [InlineData("nan", MediaErrorCodes.UnsupportedMedia, "NaN")]
    [InlineData("promise", MediaErrorCodes.TooLarge, "more than 0.4 s")]
    [InlineData("header", MediaErrorCodes.UnsupportedMedia, "found a file that has one")]
    public async Task A_sound_that_cannot_be_right_is_refused_with_the_reason(string fault, string code, string message)
    {
        float[] samples = new float[fault == "short" ? 100 : 8000];
        if (fault == "nan") samples[5000] = float.NaN;
        byte[] bytes = MemoryMarshal.AsBytes(samples.AsSpan()).ToArray();
        if (fault == "torn") bytes = bytes[..^3];
        if (fault == "header") "RIFF"u8.CopyTo(bytes);
        long? promised = fault switch { "cut" => 4L * 32000, "promise" => 4L * 8000, _ => null };
        var limits = MediaLimits.Default with { MaxSeconds = fault is "long" or "promise" ? 0.4 : 100 };
        var refusal = await Should.ThrowAsync<MediaException>(async () =>
        {
            await using var sound = new GrowingSound(
                new MemoryStream(bytes), "voice", new PcmFormat("f32le", 16000, 1), promised, 16000, limits);
            await ReadAsync(sound);
        });
        refusal.Code.ShouldBe(code);
        refusal.Message.ShouldStartWith("voice: ");
        refusal.Message.ShouldContain(message);
    }

    [Fact]
    public async Task Waiting_for_sound_can_be_cancelled()
    {
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        var sound = new GrowingSound(reader, "pipe", new PcmFormat("s16le", 16000, 1), null, 16000, MediaLimits.Default);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reading = sound.ReadAsync(new float[100], stop.Token).AsTask();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => reading);
        await sound.DisposeAsync();
    }

    /// <summary>
    /// Headers that programs write to a pipe: the size is 0 or the largest value, other chunks precede the data, and the format may be
    /// another one.
    /// </summary>
    [Fact]
    public async Task A_header_without_a_size_and_one_of_another_sound()
    {
        string wav = await folder.MakeAsync("in.wav", "-f lavfi -i sine=d=0.3 -ar 22050 -metadata title=a-title");
        byte[] whole = await File.ReadAllBytesAsync(wav, Ct);
        int data = whole.AsSpan().IndexOf("data"u8);
        foreach (uint size in (uint[])[0, 0x7FFFF000, 0xFFFFFFFF])
        {
            BinaryPrimitives.WriteUInt32LittleEndian(whole.AsSpan(data + 4), size);
            using var stream = new MemoryStream(whole);
            var header = await WavHeader.ReadAsync(stream, Ct);
            header.Format.ShouldBe(new PcmFormat("s16le", 22050, 1));
            header.Bytes.ShouldBeNull();
            header.Seen.ShouldBe(whole[..(data + 8)]);
            stream.Position.ShouldBe(data + 8);
        }

        foreach (string other in new[] { "-c:a pcm_mulaw", "-ac 6", "-c:a pcm_u8" })
        {
            byte[] bytes = await File.ReadAllBytesAsync(await folder.MakeAsync("other.wav", $"-y -f lavfi -i sine=d=0.3 {other}"), Ct);
            var header = await WavHeader.ReadAsync(new MemoryStream(bytes), Ct);
            header.Format.ShouldBeNull(other);
            header.Seen.ShouldBe(bytes[..header.Seen.Length]);
        }

        byte[] random = new byte[5000];
        TestSeed.NewRandom().NextBytes(random);
        foreach (byte[] bytes in
                (byte[][])[[], random, [.. "RIFF"u8, 1, 2], [.. "RIFF____WAVE"u8, .. "LIST"u8, 255, 255, 255, 255, 1], whole[..20]])
        {
            (await WavHeader.ReadAsync(new MemoryStream(bytes), Ct)).Format.ShouldBeNull();
        }
    }

    private static async Task<float[]> ReadAsync(GrowingSound sound)
    {
        var all = new List<float>();
        float[] part = new float[1000];
        while (await sound.ReadAsync(part, Ct) is var count and > 0) all.AddRange(part.AsSpan(0, count));
        return [.. all];
    }
}
