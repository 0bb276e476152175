using System.Text;
using Locutor.Media.Probing;
using Locutor.Media.Sound;

namespace Locutor.Media.Tests.Sound;

/// <summary>Recordings as phones, recorders and broken downloads leave them.</summary>
public sealed class OddSoundTests : IDisposable
{
    private const int Rate = 16000;
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("au", "-c:a pcm_s16be")]
    [InlineData("ac3", "-c:a ac3")]
    [InlineData("eac3", "-c:a eac3")]
    [InlineData("tta", "-c:a tta")]
    [InlineData("wv", "-c:a wavpack")]
    [InlineData("mka", "-c:a pcm_f64le")]
    [InlineData("m4a", "-c:a alac")]
    [InlineData("mov", "-c:a pcm_s24be")]
    [InlineData("mp2", "-c:a mp2")]
    [InlineData("voc", "-c:a pcm_u8")]
    [InlineData("latm", "-c:a aac -f latm")]
    [InlineData("ts", "-c:a ac3 -f mpegts")]
    [InlineData("m2ts", "-c:a ac3 -f mpegts -mpegts_m2ts_mode 1")]
    [InlineData("mxf", "-f lavfi -i testsrc=s=64x64:r=25:d=2 -c:v mpeg2video -c:a pcm_s16le -ar 48000")]
    [InlineData("nut", "-c:a pcm_s16le")]
    [InlineData("dts", "-af pan=stereo|c0=c0|c1=c0 -c:a dca -strict -2 -ar 48000")]
    [InlineData("wav", "-c:a pcm_u8")]
    [InlineData("wav", "-c:a pcm_s24le")]
    [InlineData("wav", "-c:a pcm_s32le")]
    [InlineData("wav", "-c:a pcm_f64le")]
    [InlineData("wav", "-c:a pcm_mulaw")]
    [InlineData("wav", "-c:a adpcm_ms")]
    [InlineData("wav", "-c:a pcm_s16le -ar 8000")]
    [InlineData("wav", "-c:a pcm_s16le -ar 96000")]
    [InlineData("wav", "-c:a pcm_s16le -ar 11025")]
    [InlineData("rf64.wav", "-c:a pcm_s16le -rf64 always")]
    [InlineData("3gp", "-c:a aac")]
    [InlineData("speex.ogg", "-c:a libspeex -ar 16000")]
    public async Task Recordings_of_every_kind_are_read(string extension, string codec)
    {
        string made = await folder.MakeRowAsync("{0}", "-f lavfi -i aevalsrc=0.3*sin(440*PI*t):s=44100:d=2", "{1}", extension, codec);
        File.Move(made, folder["voice"]);
        var sound = await AudioDecoder.DecodeAsync(folder["voice"], Rate, MediaLimits.Default, Ct);
        sound.Seconds.ShouldBe(2, 0.1);
        Enumerable.Range(8000, 16000).Average(n => sound.Samples[n] * sound.Samples[n]).ShouldBe(0.045f, 0.008f);
    }

    [Fact]
    public async Task A_phone_note_in_amr_is_read()
    {
        // Frames of 12.2 kbit/s without speech; ffmpeg as packaged writes no AMR.
        byte[] frame = new byte[32];
        frame[0] = 0x3C;
        string path = folder.Write("note.amr", [.. "#!AMR\n"u8], [.. Enumerable.Repeat(frame, 50).SelectMany(f => f)]);
        var info = await MediaProbe.ProbeAsync(path, MediaLimits.Default, Ct);
        (info.Kind, info.Container.Name).ShouldBe((MediaKind.Audio, "AMR"));
        (await AudioDecoder.DecodeAsync(path, Rate, MediaLimits.Default, Ct)).Seconds.ShouldBe(1, 0.1);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(70_000)] // more than any demuxer searches
    [InlineData(1_000_000)]
    public async Task An_mp3_after_leading_zeros_is_read(int zeros)
    {
        byte[] mp3 = await Mp3Async();
        await ShouldLastAsync(folder.Write("a.mp3", new byte[zeros], mp3), 2);
    }

    [Fact]
    public async Task An_mp3_cut_out_of_the_middle_is_read_and_one_with_a_long_tag_too()
    {
        byte[] mp3 = await Mp3Async();
        await ShouldLastAsync(folder.Write("inside.mp3", mp3[1700..]), 1.9);
        byte[] tag = [.. "ID3"u8, 4, 0, 0, 0, 0x10, 0, 0]; // 256 KiB of padding
        await ShouldLastAsync(folder.Write("tagged.mp3", tag, new byte[0x10 << 14], mp3), 2);
    }

    [Fact]
    public async Task Wav_files_with_odd_chunks_and_wrong_lengths_are_read()
    {
        byte[] Chunk(string name, int length) =>
            [.. Encoding.ASCII.GetBytes(name), .. BitConverter.GetBytes(length), .. new byte[length + length % 2]];
        float Value(int n, int _) => WavFile.Voice(n, Rate);
        await ShouldLastAsync(
            folder.Write(
                "list.wav", WavFile.Float(Rate, 1, Rate, Value, [.. Chunk("JUNK", 28), .. Chunk("LIST", 27), .. Chunk("bext", 603)])),
            1);
        await ShouldLastAsync(folder.Write("stream.wav", WavFile.Float(Rate, 1, Rate, Value, length: uint.MaxValue)), 1);
        await ShouldLastAsync(folder.Write("unfinished.wav", WavFile.Float(Rate, 1, Rate, Value, length: 0)), 1);
        byte[] whole = WavFile.Float(Rate, 1, Rate, Value);
        await ShouldLastAsync(folder.Write("odd.wav", whole[..^3]), 1);
    }

    [Theory]
    [InlineData("wav", "-ac 1", "0\\.75")]
    [InlineData("wav", "-ac 2 -ar 44100", "0\\.75")]
    [InlineData("wav", "-ac 1 -c:a pcm_f64le -rf64 always", "0\\.75")]
    [InlineData("wav", "-ac 6 -c:a pcm_s24le", "0\\.75")] // WAVE_FORMAT_EXTENSIBLE
    [InlineData("aiff", "-ac 2", "0\\.75")]
    [InlineData("flac", "-ac 1", "0\\.[67]\\d?")] // whole blocks
    public async Task Half_of_a_sound_is_refused_and_the_whole_is_read(string extension, string coding, string found)
    {
        string whole = await folder.MakeRowAsync(
            "{0}", $"-f lavfi -i anoisesrc=d=1.5:a=0.5:seed=1:r={Rate}", "{1} -fflags +bitexact -flags +bitexact", extension, coding,
            found);
        await ShouldLastAsync(whole, 1.5);
        byte[] bytes = await File.ReadAllBytesAsync(whole, Ct);
        var error = await Should.ThrowAsync<MediaException>(
            () => AudioDecoder.DecodeAsync(folder.Write("half." + extension, bytes[..(bytes.Length / 2)]), Rate, MediaLimits.Default, Ct));
        error.Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        error.Message.ShouldMatch($"half.{extension}: the sound ends after {found} s, and its header promises 1\\.5 s$");
    }

    /// <summary>ffmpeg does not know the length when it writes the header to a pipe.</summary>
    [Theory]
    [InlineData("wav")]
    [InlineData("flac")]
    public async Task A_header_without_a_length_promises_nothing(string format)
    {
        byte[] bytes = await TempFolder.RunForBytesAsync(
            "ffmpeg", [.. $"-v error -f lavfi -i anoisesrc=d=1.5:a=0.5:r={Rate} -f {format} -".Split(' ')]);
        await ShouldLastAsync(folder.Write("piped." + format, bytes), 1.5);
        await ShouldLastAsync(folder.Write("half." + format, bytes[..(bytes.Length / 2)]), 0.7);
    }

    [Fact]
    public async Task A_file_of_zero_bytes_is_named_as_that()
    {
        var error = await Should.ThrowAsync<MediaException>(
            () => AudioDecoder.DecodeAsync(folder.Write("a.mp3", new byte[200_000]), Rate, MediaLimits.Default, Ct));
        error.Message.ShouldContain("nothing but zero bytes");
    }

    private async Task<byte[]> Mp3Async() =>
        await File.ReadAllBytesAsync(
            await folder.MakeAsync(
                "whole.mp3", "-f lavfi -i aevalsrc=0.3*sin(440*PI*t):s=44100:d=2 -c:a libmp3lame -b:a 128k -id3v2_version 0"),
            Ct);

    private static async Task ShouldLastAsync(string path, double seconds)
    {
        var sound = await AudioDecoder.DecodeAsync(path, Rate, MediaLimits.Default, Ct);
        sound.Seconds.ShouldBe(seconds, 0.1, path);
        sound.Samples.Max().ShouldBeGreaterThan(0.2f);
    }

    public void Dispose() => folder.Dispose();
}
