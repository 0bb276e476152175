using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>Pictures, voices and videos made by ffmpeg from the seed of the tests.</summary>
public static class Samples
{
    private static readonly int Seed = TestSeed.Value & 0xFFFF;
    private static readonly Lazy<byte[]> LazyPicture = new(
        () => Make("png", "-f", "lavfi", "-i", $"mandelbrot=size=211x173:start_x=-0.{Seed}", "-frames:v", "1"));
    private static readonly Lazy<byte[]> LazyVoice = new(() => Voice(1.3));
    private static readonly Lazy<byte[]> LazyVideo = new(
        () => Make("mp4", "-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25", "-t", "0.8", "-pix_fmt", "yuv420p"));

    public static byte[] Picture => LazyPicture.Value;

    /// <summary>1.3 seconds.</summary>
    public static byte[] VoiceOfASecond => LazyVoice.Value;

    /// <summary>0.8 seconds without sound.</summary>
    public static byte[] Video => LazyVideo.Value;

    public static byte[] Voice(double seconds) =>
        Make(
            "wav", "-f", "lavfi", "-i",
            string.Create(CultureInfo.InvariantCulture, $"anoisesrc=seed={Seed}:duration={seconds}:sample_rate=16000"));

    /// <summary>A WAV of float samples, for values that ffmpeg would not write.</summary>
    public static byte[] FloatWav(int sampleRate, params float[] samples)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("RIFF"u8);
        writer.Write(36 + samples.Length * 4);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)3);
        writer.Write((short)1);
        writer.Write(sampleRate);
        writer.Write(sampleRate * 4);
        writer.Write((short)4);
        writer.Write((short)32);
        writer.Write("data"u8);
        writer.Write(samples.Length * 4);
        foreach (float sample in samples)
            writer.Write(sample);
        return stream.ToArray();
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static string DataUrl(byte[] bytes, string type = "application/octet-stream") =>
        $"data:{type};base64,{Convert.ToBase64String(bytes)}";

    /// <summary>Runs ffmpeg with these arguments and an output of this kind.</summary>
    public static byte[] Make(string extension, params string[] arguments)
    {
        string output = Path.Combine(Path.GetTempPath(), $"locutor-sample-{Guid.NewGuid():N}.{extension}");
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-v", "error", .. arguments, output]))!;
            process.WaitForExit();
            process.ExitCode.ShouldBe(0);
            return File.ReadAllBytes(output);
        }
        finally
        {
            File.Delete(output);
        }
    }

    /// <summary>Returns a hash of the decoded frames, which is equal for different encodings of equal pictures.</summary>
    public static string HashOfFrames(byte[] video)
    {
        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, video);
        string hash = Encoding.ASCII.GetString(Make("md5", "-i", file, "-map", "0:v", "-f", "md5"));
        File.Delete(file);
        return hash;
    }
}
