using System.Buffers.Binary;
using Locutor.Media.Pictures.Decoding;
using Locutor.Media.Probing;
using Locutor.Media.Sound;
using Locutor.Media.Video;

namespace Locutor.Media.Tests;

/// <summary>Files that want something else than to be looked at: each is refused in one line, soon, and by every way in.</summary>
public sealed class HostileFileTests : IDisposable
{
    private readonly TempFolder folder = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("hls.mp4", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")]
    [InlineData("bom.mp4", "\uFEFF#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n")]
    [InlineData("concat.mp4", "ffconcat version 1.0\nfile '/etc/passwd'\n")]
    [InlineData(
        "dash.mp4", "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><BaseURL>file:///etc/passwd</BaseURL></MPD>")]
    [InlineData("session.mp4", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n")]
    [InlineData("list.mp3", "[playlist]\nFile1=file:///etc/passwd\n")]
    public async Task Playlists_are_refused_and_named_as_playlists(string name, string text) =>
        await RefusedAsync(folder.Write(name, text), MediaErrorCodes.UnsupportedMedia, "playlist");

    [Fact]
    public async Task A_playlist_is_not_opened_even_behind_a_false_beginning()
    {
        // The first bytes look like MP3. The demuxer is fixed, so the playlist after them is read as sound data.
        string path = folder.Write("a.mp3", [0xFF, 0xFB, 0x90, 0x00], "\n#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"u8.ToArray());
        await RefusedAsync(path, MediaErrorCodes.UnsupportedMedia, "a.mp3");
    }

    [Fact]
    public async Task Texts_empty_files_folders_and_unknown_bytes_are_refused()
    {
        var random = TestSeed.NewRandom();
        await RefusedAsync(folder.Write("a.png", "hello, this is no picture"), MediaErrorCodes.UnsupportedMedia, "text");
        await RefusedAsync(folder.Write("b.png", ""), MediaErrorCodes.UnsupportedMedia, "empty");
        await RefusedAsync(folder.Write("c.png", [0, .. random.Bytes(5000)]), MediaErrorCodes.UnsupportedMedia, "c.png");
        await RefusedAsync(
            folder.Write("d.svg", "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"),
            MediaErrorCodes.UnsupportedMedia, "an SVG drawing");
        await RefusedAsync(folder.Path, MediaErrorCodes.FetchFailed, "folder");
        await RefusedAsync(folder["nothing\u001b[31m\r\nthere.png"], MediaErrorCodes.FetchFailed, "no such file");
        await RefusedAsync("/dev/zero", MediaErrorCodes.FetchFailed, "is a device");
        await RefusedAsync("concat:/etc/passwd|/etc/hosts", MediaErrorCodes.FetchFailed, "no such file");
        await RefusedAsync("a\0b.png", MediaErrorCodes.FetchFailed, "file name");
    }

    [Theory]
    [InlineData(65535, 65535, MediaErrorCodes.TooLarge)]
    [InlineData(40000, 40000, MediaErrorCodes.TooLarge)]
    [InlineData(20000, 20000, MediaErrorCodes.TooLarge)]
    [InlineData(0, 5, MediaErrorCodes.UnsupportedMedia)]
    [InlineData(5, 0, MediaErrorCodes.UnsupportedMedia)]
    public async Task Pictures_of_impossible_sizes_are_refused_by_their_headers(int width, int height, string code)
    {
        await RefusedAsync(folder.Write("a.png", Png(width, height)), code, "a.png");
        byte[] bmp = new byte[54];
        "BM"u8.CopyTo(bmp);
        (bmp[14], bmp[26], bmp[28], bmp[10]) = (40, 1, 24, 54);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(22), height);
        await RefusedAsync(folder.Write("a.bmp", bmp), code, $"{width}x{height}");
        byte[] gif = [.. "GIF89a"u8, (byte)width, (byte)(width >> 8), (byte)height, (byte)(height >> 8), 0, 0, 0, 0x3B];
        await RefusedAsync(folder.Write("a.gif", gif), width > 0 && height > 0 ? null : code, "a.gif");
    }

    [Fact]
    public async Task A_gif_of_a_hundred_thousand_frames_is_refused()
    {
        byte[] frame = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
        byte[] Gif(int frames) =>
            [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255, .. Enumerable.Repeat(frame, frames).SelectMany(f => f), 0x3B];
        (await PictureDecoder.DecodeAsync(folder.Write("few.gif", Gif(50)), MediaLimits.Default, Ct)).Rgb.ShouldBe([255, 0, 0]);
        await RefusedAsync(folder.Write("many.gif", Gif(100_001)), MediaErrorCodes.TooLarge, "frames");
    }

    [Theory]
    [InlineData("a.png", "-f lavfi -i testsrc=s=200x200 -frames:v 1")]
    [InlineData("a.jpg", "-f lavfi -i testsrc=s=200x200 -frames:v 1")]
    [InlineData("a.gif", "-f lavfi -i testsrc=s=200x200 -frames:v 1")]
    [InlineData("a.webp", "-f lavfi -i testsrc=s=200x200 -frames:v 1")]
    [InlineData("a.bmp", "-f lavfi -i testsrc=s=200x200 -frames:v 1")]
    [InlineData("a.tiff", "-f lavfi -i testsrc=s=200x200 -frames:v 1")]
    [InlineData("a.mp4", "-f lavfi -i testsrc=s=200x200:d=1 -c:v libx264")]
    [InlineData("a.flac", "-f lavfi -i sine=d=1")]
    public async Task Truncated_and_damaged_files_are_refused_or_read_but_never_crash(string name, string make)
    {
        var random = TestSeed.NewRandom();
        byte[] whole = await File.ReadAllBytesAsync(await folder.MakeAsync(name, make), Ct);
        await RefusedOrReadAsync(folder.Write($"half-{name}", whole[..(whole.Length / 2)]));
        await RefusedAsync(folder.Write($"start-{name}", whole[..20]), MediaErrorCodes.UnsupportedMedia, name);
        byte[] scrambled = [.. whole];
        for (int i = 0; i < 40; i++) scrambled[random.Next(whole.Length)] = (byte)random.Next(256);
        await RefusedOrReadAsync(folder.Write($"odd-{name}", scrambled));
    }

    [Fact]
    public async Task Half_a_picture_is_refused()
    {
        foreach (string name in new[] { "a.png", "a.jpg", "a.webp", "a.bmp" })
        {
            byte[] whole = await File.ReadAllBytesAsync(await folder.MakeAsync(name, "-f lavfi -i testsrc=s=200x200 -frames:v 1"), Ct);
            string half = folder.Write($"half-{name}", whole[..(whole.Length / 2)]);
            (
                await Should.ThrowAsync<MediaException>(() => PictureDecoder.DecodeAsync(half, MediaLimits.Default, Ct)))
                .Code.ShouldBe(MediaErrorCodes.UnsupportedMedia);
        }
    }

    [Fact]
    public async Task Videos_beyond_the_limits_are_refused()
    {
        string video = await folder.MakeAsync(
            "a.mkv", "-f lavfi -i testsrc=s=320x240:d=2 -f lavfi -i sine=d=2 -map 0 -map 0 -map 1 -map 1 -c:v ffv1");
        await RefusedAsync(video, MediaErrorCodes.TooLarge, "4 streams", MediaLimits.Default with { MaxStreams = 3 });
        await RefusedAsync(video, MediaErrorCodes.TooLarge, "320x240", MediaLimits.Default with { MaxFramePixels = 320 * 239 });
        await RefusedAsync(video, MediaErrorCodes.TooLarge, "2", MediaLimits.Default with { MaxSeconds = 1.5 });
        await RefusedAsync(video, MediaErrorCodes.TooLarge, "bytes", MediaLimits.Default with { MaxFileBytes = 100 });
        var info = await MediaProbe.ProbeAsync(video, MediaLimits.Default, Ct);
        (info.Kind, info.Width, info.Height, info.FramesPerSecond, info.Streams.Count).ShouldBe((MediaKind.Video, 320, 240, 25, 4));
        info.Duration.ShouldNotBeNull().ShouldBe(2, 0.1);
    }

    private static async Task RefusedAsync(string path, string? code, string word, MediaLimits? limits = null)
    {
        var ways = WaysIn(path, limits ?? MediaLimits.Default);
        for (int i = 0; i < ways.Length; i++)
        {
            var error = await Should.ThrowAsync<MediaException>(ways[i]);
            if (i == 0) // other readers may refuse it earlier, as a picture instead of sound
            {
                if (code is not null) error.Code.ShouldBe(code, error.Message);
                error.Message.ShouldContain(word);
            }
            error.Message.ShouldNotContain("root:");
            error.Message.Any(char.IsControl).ShouldBeFalse(error.Message);
        }
    }

    private static async Task RefusedOrReadAsync(string path)
    {
        foreach (var open in WaysIn(path, MediaLimits.Default))
        {
            try
            {
                await open();
            }
            catch (MediaException e)
            {
                e.Message.ShouldContain(path);
                e.Message.Any(char.IsControl).ShouldBeFalse(e.Message);
            }
        }
    }

    private static Func<Task>[] WaysIn(string path, MediaLimits limits) =>
    [
        () => MediaProbe.ProbeAsync(path, limits, Ct),
        () => PictureDecoder.DecodeAsync(path, limits, Ct),
        () => AudioDecoder.DecodeAsync(path, 16000, limits, Ct),
        async () =>
        {
            await using var reader = await VideoReader.OpenAsync(path, limits, Ct);
            await reader.ReadFrameAsync(5, Ct);
        },
    ];

    /// <summary>A header with right checksums and hardly any data.</summary>
    private static byte[] Png(int width, int height)
    {
        byte[] size = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(size, width);
        BinaryPrimitives.WriteInt32BigEndian(size.AsSpan(4), height);
        byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
        {
            byte[] body = [.. type, .. data], ends = new byte[8];
            BinaryPrimitives.WriteInt32BigEndian(ends, data.Length);
            BinaryPrimitives.WriteUInt32BigEndian(ends.AsSpan(4), Crc(body));
            return [.. ends[..4], .. body, .. ends[4..]];
        }
        return [
            0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, .. Chunk("IHDR"u8, [.. size, 8, 2, 0, 0, 0]),
            .. Chunk("IDAT"u8, [0x78, 0x9C, 3, 0, 0, 0, 0, 1]), .. Chunk("IEND"u8, [])
        ];
    }

    private static uint Crc(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }

    public void Dispose() => folder.Dispose();
}
