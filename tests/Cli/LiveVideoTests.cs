using System.Diagnostics;
using System.Text.Json;

namespace Locutor.Cli.Tests;

/// <summary><c>generate --live</c>: a player sees the frames of the file while they are made.</summary>
public sealed class LiveVideoTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-live-test");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Video => Path.Combine(folder.FullName, "video.mp4");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_player_gets_the_frames_of_the_file_from_the_printed_address()
    {
        using var program = await StartAsync(3, "--live", "--json");
        string url = "";
        int clipAtFirstFrame = 0, clips = 0;
        string? watched = null;
        while (await program.StandardOutput.ReadLineAsync(Ct) is { } line)
        {
            var said = JsonDocument.Parse(line).RootElement;
            if (said.GetProperty("event").GetString() == "growing") url = said.GetProperty("path").GetString()!;
            if (said.TryGetProperty("clip", out var clip) && clip.GetInt32() >= 2 && clipAtFirstFrame == 0)
            {
                (clipAtFirstFrame, clips) = (clip.GetInt32(), said.GetProperty("clips").GetInt32());
                watched = await RunAsync("ffmpeg", "-v", "error", "-i", url, "-map", "0:v", "-f", "md5", "-");
            }
        }
        await program.WaitForExitAsync(Ct);
        program.ExitCode.ShouldBe(0);
        url.ShouldStartWith("http://127.0.0.1:");
        clipAtFirstFrame.ShouldBeLessThan(clips);
        watched.ShouldBe(await RunAsync("ffmpeg", "-v", "error", "-i", Video, "-map", "0:v", "-f", "md5", "-"));
        Directory.GetFiles(folder.FullName).Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_pipe_gets_the_frames_of_the_file_and_may_be_closed_early()
    {
        foreach (bool early in new[] { false, true })
        {
            using var program = await StartAsync(early ? 1 : 2, "--live", "-");
            var errors = program.StandardError.ReadToEndAsync(Ct);
            using var piped = new MemoryStream();
            if (early) program.StandardOutput.Close();
            else await program.StandardOutput.BaseStream.CopyToAsync(piped, Ct);
            await program.WaitForExitAsync(Ct);
            program.ExitCode.ShouldBe(0, await errors);
            string file = Path.Combine(folder.FullName, "piped.mp4");
            if (!early) await File.WriteAllBytesAsync(file, piped.ToArray(), Ct);
            string frames = await RunAsync("ffmpeg", "-v", "error", "-i", Video, "-map", "0:v", "-f", "md5", "-");
            frames.ShouldStartWith("MD5=");
            if (!early) (await RunAsync("ffmpeg", "-v", "error", "-i", file, "-map", "0:v", "-f", "md5", "-")).ShouldBe(frames);
        }
    }

    private async Task<Process> StartAsync(int seconds, params string[] options)
    {
        string voice = Path.Combine(folder.FullName, "voice.wav");
        await RunAsync("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", $"sine=220:duration={seconds}", "-ar", "16000", voice);
        string picture = Path.Combine(TestEnvironment.Checkout, "samples", "amara.png");
        string program = Path.Combine(AppContext.BaseDirectory, "locutor.dll");
        string[] arguments =
        [
            program, "generate", "-i", picture, "-a", voice, "-o", Video, "--model", "untrained", "--seed", "3", "-y", .. options
        ];
        return Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string said = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return said;
    }
}
