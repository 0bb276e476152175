using System.Diagnostics;
using System.Security.Cryptography;

namespace Locutor.Service.Workers;

/// <summary>Makes a small picture of a finished video and computes its hash.</summary>
internal static class Thumbnails
{
    /// <summary>Makes a JPEG of the first frame, at most 480 pixels wide; returns null when ffmpeg cannot make one.</summary>
    public static async Task<byte[]?> MakeAsync(string video, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", "mov", "-i", "file:" + video, "-frames:v", "1",
            "-vf", "scale='min(480,iw)':-2", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "4", "pipe:1",
        ];
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardOutput = true })!;
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        using var picture = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(picture, cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 && picture.Length > 0 ? picture.ToArray() : null;
    }

    public static async Task<(long Bytes, string Sha256)> HashAsync(string video, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(video);
        return (file.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken)));
    }
}
