using Locutor.Media.Processes;

namespace Locutor.Media.Sound;

/// <summary>Mixes two sounds that start together into one WAV file.</summary>
public static class SoundMix
{
    /// <summary>Sums two sounds that this program has made.</summary>
    /// <param name="first">Path of a WAV file.</param>
    /// <param name="second">Path of another WAV file.</param>
    /// <param name="output">Path of the new file.</param>
    /// <param name="comment">The comment of the new file.</param>
    /// <param name="cancellationToken">Cancels and kills ffmpeg.</param>
    /// <exception cref="MediaException">ffmpeg is missing or failed.</exception>
    public static async Task WriteAsync(string first, string second, string output, string comment, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file", "-f", "wav", "-i", "file:" + first,
            "-protocol_whitelist", "file", "-f", "wav", "-i", "file:" + second,
            "-filter_complex", "[0:a:0][1:a:0]amix=inputs=2:duration=longest:normalize=0[all]", "-map", "[all]", "-map_metadata", "-1",
            "-metadata", $"comment={OneLine.From(comment)}",
            "-c:a", "pcm_s16le", "-y", "file:" + output,
        ];
        var process = ToolProcess.Start(FfmpegTools.Find().Ffmpeg, arguments);
        await using var disposal = process.ConfigureAwait(false);
        if (await process.WaitAsync(cancellationToken).ConfigureAwait(false) != 0)
            throw new MediaException(MediaErrorCodes.Internal, $"{output}: cannot be written ({process.Complaint(output)})");
    }
}
