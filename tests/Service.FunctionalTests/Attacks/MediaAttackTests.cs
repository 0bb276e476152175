using System.Buffers.Binary;
using System.Net;
using System.Text;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Attacks;

/// <summary>Files whose content contradicts their name or header, and small files that decode to very large ones.</summary>
public sealed class MediaAttackTests(OwnService own) : IClassFixture<OwnService>
{
    [Theory]
    [InlineData("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")]
    [InlineData("ffconcat version 1.0\nfile /etc/passwd\n")]
    [InlineData("<?xml version=\"1.0\"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>")]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"file:///etc/passwd\"/></svg>")]
    public async Task A_playlist_opens_nothing_as_picture_video_or_voice(string text)
    {
        byte[] bytes = Samples.Text(text);
        await RefusedAsync("video", bytes, Samples.VoiceOfASecond, 422, "unsupported_media");
        await RefusedAsync("image", bytes, Samples.VoiceOfASecond, 422, "unsupported_media");
        await RefusedAsync("image", Samples.Picture, bytes, 422, "unsupported_media");
    }

    [Fact]
    public async Task Pictures_are_measured_before_they_are_decoded()
    {
        await RefusedAsync("image", Png(65_535, 65_535), Samples.VoiceOfASecond, 413, "too_large");
        await RefusedAsync("image", Png(0, 100), Samples.VoiceOfASecond, 422, "unsupported_media");
        await RefusedAsync("image", Png(40_000, 1), Samples.VoiceOfASecond, 413, "too_large");
    }

    [Fact]
    public async Task An_animation_of_a_million_frames_is_refused()
    {
        var gif = new MemoryStream();
        gif.Write("GIF89a"u8);
        gif.Write([1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
        byte[] frame = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
        for (int i = 0; i < 1_000_000; i++)
            gif.Write(frame);
        gif.WriteByte(0x3B);
        await RefusedAsync("image", gif.ToArray(), Samples.VoiceOfASecond, 413, "too_large");
    }

    [Fact]
    public async Task Sound_is_decoded_to_its_end_before_it_is_taken()
    {
        float[] ordinary = Enumerable.Range(0, 8000).Select(i => MathF.Sin(i / 10f) / 2).ToArray();
        float[] With(float odd) => [.. ordinary[..5000], odd, .. ordinary[5000..]];
        await RefusedAsync("image", Samples.Picture, Samples.FloatWav(8000, With(float.NaN)), 422, "unsupported_media");
        await RefusedAsync("image", Samples.Picture, Samples.FloatWav(8000, With(float.PositiveInfinity)), 422, "unsupported_media");
        await RefusedAsync("image", Samples.Picture, Samples.FloatWav(0, ordinary), 422, "unsupported_media");
        await RefusedAsync("image", Samples.Picture, Samples.FloatWav(8000, ordinary[..400]), 422, "audio_too_short");
        await RefusedAsync("image", Samples.Picture, [], 422, "unsupported_media");
        string silence = await own.Client.SubmitAsync(Samples.Picture, Samples.FloatWav(8000, new float[8000]));
        (await own.Client.EndAsync(silence)).GetProperty("status").GetString().ShouldBe("succeeded", "silence is valid");
    }

    [Fact]
    public async Task A_wrong_length_in_a_header_is_not_believed()
    {
        byte[] wav = Samples.Voice(0.5);
        BinaryPrimitives.WriteUInt32LittleEndian(wav.AsSpan(4), uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(wav.AsSpan(wav.AsSpan().IndexOf("data"u8) + 4), uint.MaxValue - 36);
        using var response = await own.Client.UploadAsync(Samples.Picture, wav);
        var answer = await TokenClient.ReadAsync(response);
        if (response.StatusCode is HttpStatusCode.Accepted)
        {
            (await own.Client.EndAsync(answer.GetProperty("id").GetString()!)).GetProperty("inputs")[1].GetProperty("seconds")
                .GetDouble().ShouldBe(0.5, 0.05);
        }
        else
        {
            ((int)response.StatusCode).ShouldBeInRange(413, 422, answer.ToString());
        }
    }

    [Fact]
    public async Task Files_and_bodies_over_the_limits_are_refused_and_leave_nothing()
    {
        int before = Directory.GetDirectories(Path.Combine(own.Service.Data, "inputs")).Length;
        await RefusedAsync("image", new byte[21_000_000], Samples.VoiceOfASecond, 413, "too_large");
        using var text = await own.Client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", new string('x', 70_000)));
        text.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using var fields = await own.Client.UploadAsync(
            Samples.Picture, Samples.VoiceOfASecond, Enumerable.Range(0, 50).Select(i => ($"f{i}", "x")).ToArray());
        fields.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        Directory.GetDirectories(Path.Combine(own.Service.Data, "inputs")).Length.ShouldBe(before);
        await own.Service.EmptiesAsync("aside");
    }

    private async Task RefusedAsync(string field, byte[] picture, byte[] voice, int status, string code)
    {
        var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(picture), field, "-i concat:etc.mp4" },
            { new ByteArrayContent(voice), "audio", "../../../voice.wav" },
        };
        using var response = await own.Client.Http.PostAsync("/v1/jobs", form);
        var problem = await TokenClient.ReadAsync(response);
        ((int)response.StatusCode).ShouldBe(status, problem.ToString());
        problem.GetProperty("code").GetString().ShouldBe(code, problem.ToString());
        problem.ToString().ShouldNotContain(own.Service.Data, Case.Sensitive, "a user learns no path of the server");
    }

    /// <summary>A PNG that claims a size and holds next to nothing.</summary>
    private static byte[] Png(uint width, uint height)
    {
        using var png = new MemoryStream();
        png.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(header, width);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        Chunk(png, "IHDR", header);
        Chunk(png, "IDAT", [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1]);
        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    private static void Chunk(Stream png, string name, byte[] data)
    {
        byte[] body = Encoding.ASCII.GetBytes(name).Concat(data).ToArray();
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        png.Write(number);
    }

    private static uint Crc(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
    }
}
