using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Locutor.Cli.Tests;

public sealed class FragmentedVideoTests
{
    private static readonly string Samples = Path.Combine(TestEnvironment.Checkout, "samples");

    /// <summary>
    /// Decodes frames from the file while the program still denoises later clips. The finished file is longer and begins with the same
    /// bytes.
    /// </summary>
    [Fact]
    public async Task A_fragmented_video_can_be_played_while_its_later_clips_are_made()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("locutor-fragmented");
        try
        {
            string voice = Path.Combine(folder.FullName, "voice.wav"), output = Path.Combine(folder.FullName, "video.mp4");
            await RunAsync("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=220:duration=6.5", "-ar", "16000", voice);
            using var program = Start(
                "dotnet", Path.Combine(AppContext.BaseDirectory, "locutor.dll"), "generate", "-i", Path.Combine(Samples, "amara.png"), "-a",
                voice, "-o", output,
                "--model", "untrained", "--fragmented", "--json", "--seed", "3");
            string? growing = null;
            int played = 0, clips = 0, playedAtClip = 0;
            while (await program.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                var said = JsonDocument.Parse(line).RootElement;
                if (said.GetProperty("event").GetString() == "growing") growing = said.GetProperty("path").GetString();
                if (played > 0 || !said.TryGetProperty("clip", out var clip) || clip.GetInt32() < 5) continue;
                clips = said.GetProperty("clips").GetInt32();
                playedAtClip = clip.GetInt32();
                // Paused meanwhile: a fast program would finish before ffprobe opens the file.
                string id = program.Id.ToString(CultureInfo.InvariantCulture);
                await RunAsync("kill", "-STOP", id);
                played = await FramesAsync(growing!);
                await RunAsync("kill", "-CONT", id);
            }
            await program.WaitForExitAsync(cancellationToken);
            program.ExitCode.ShouldBe(0);
            played.ShouldBeGreaterThanOrEqualTo(45, "the first two seconds are a fragment of their own");
            playedAtClip.ShouldBeLessThan(clips);
            File.Exists(growing).ShouldBeFalse();
            (await FramesAsync(output)).ShouldBe(163);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>How many frames a player gets out of the file as it is now; 0 when it cannot be opened yet.</summary>
    private static async Task<int> FramesAsync(string path)
    {
        string said = await RunAsync(
            "ffprobe", "-v", "quiet", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0",
            path);
        return int.TryParse(said.Trim().Trim(','), CultureInfo.InvariantCulture, out int frames) ? frames : 0;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return said;
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
}
