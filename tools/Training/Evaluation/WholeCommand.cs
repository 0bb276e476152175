using System.Diagnostics;
using Locutor.Files;
using Locutor.Media.Sound;
using Locutor.Training.Faces;
using Locutor.Training.Speech;

namespace Locutor.Training.Evaluation;

/// <summary>Runs <c>locutor generate</c> in a separate process, as a user does, and measures it.</summary>
/// <param name="program">The program and its arguments before the command name.</param>
internal sealed class WholeCommand(IReadOnlyList<string> program)
{
    private const int PollMilliseconds = 50;

    /// <summary>Generates one video and measures the time and the memory of the command.</summary>
    /// <param name="portrait">The pixels of the portrait: rows of R, G, B.</param>
    /// <param name="audio">The samples of the voice at 16 kHz.</param>
    /// <returns>The wall-clock time of the command and its largest resident memory.</returns>
    /// <exception cref="InvalidOperationException">The command failed.</exception>
    public async Task<(double Seconds, long Bytes)> RunAsync(
        byte[] portrait, int size, float[] audio, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        using var folder = TemporaryFolder.Create(name: "locutor-evaluate-");
        string picture = Path.Combine(folder.Path, "portrait.png"), voice = Path.Combine(folder.Path, "voice.wav"),
            video = Path.Combine(folder.Path, "video.mp4");
        await File.WriteAllBytesAsync(picture, PortraitPainter.EncodePng(portrait, size, size), cancellationToken)
            .ConfigureAwait(false);
        using (var file = new WavWriter(voice, SpeechCorpus.SampleRate, "")) file.Append(audio);
        return await WatchAsync(
            [
                "generate", "--image-path", picture, "--audio1-path", voice, "--output-path", video, "--seed", "1", "--json", "-y",
                .. options
            ],
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<(double Seconds, long Bytes)> WatchAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp(), most = 0;
        using var process = Process.Start(
            new ProcessStartInfo(program[0], program.Skip(1).Concat(arguments))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var printed = Task.WhenAll(
            process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        using var stop = cancellationToken.UnsafeRegister(static running => ((Process)running!).Kill(entireProcessTree: true), process);
        while (!process.HasExited)
        {
            process.Refresh();
            most = Math.Max(most, process.PeakWorkingSet64);
            await Task.Delay(PollMilliseconds, cancellationToken).ConfigureAwait(false);
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        string[] output = await printed.ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', program)} ended with code {process.ExitCode}: {output[1].Trim()}");
        return (seconds, most);
    }
}
