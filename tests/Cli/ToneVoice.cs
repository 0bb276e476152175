namespace Locutor.Cli.Tests;

/// <summary>A tone that swells and fades, in place of a voice.</summary>
internal static class ToneVoice
{
    private const int Rate = 16_000;

    /// <summary>Writes the tone as a WAV file of one channel with 16 bits.</summary>
    public static void Write(string path, double seconds)
    {
        byte[] samples =
        [
            .. Enumerable.Range(0, (int)Math.Round(seconds * Rate))
                .SelectMany(i => BitConverter.GetBytes((short)(9000 * Math.Sin(i * 0.08) * Math.Sin(i * 0.0011))))
        ];
        File.WriteAllBytes(
            path,
            [
                .. "RIFF"u8, .. BitConverter.GetBytes(36 + samples.Length), .. "WAVEfmt "u8, 16, 0, 0, 0, 1, 0, 1, 0,
                .. BitConverter.GetBytes(Rate), .. BitConverter.GetBytes(2 * Rate), 2, 0, 16, 0, .. "data"u8,
                .. BitConverter.GetBytes(samples.Length), .. samples
            ]);
    }
}
