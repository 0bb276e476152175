using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace Locutor.Cli.Tests;

/// <summary><c>locutor generate</c> with a voice that is still written while the video is made.</summary>
[Collection(CommandsInProcess.Collection)]
public sealed class GrowingVoiceTests : IDisposable
{
    /// <summary>Only ends a test that would wait for ever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string folder = Directory.CreateTempSubdirectory("locutor growing ").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// The second half of the voice is written only after the frames of the first half have been decoded from standard output.
    /// </summary>
    [Fact]
    public async Task Frames_are_in_the_output_before_the_rest_of_the_voice_is_written()
    {
        const int Rate = 24000, Seconds = 3, First = 2;
        string picture = await PictureAsync(), output = At("out.mp4");
        byte[] wav = await File.ReadAllBytesAsync(await VoiceAsync("voice.wav", $"-ar {Rate}", Seconds), Ct);
        int data = wav.AsSpan().IndexOf("data"u8) + 8, half = data + First * 2 * Rate;
        BinaryPrimitives.WriteUInt32LittleEndian(wav.AsSpan(data - 4), uint.MaxValue); // like programs that do not know the length yet
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        stop.CancelAfter(Patience);
        using var program = Start(picture, "-", "-");
        var complaints = program.StandardError.ReadToEndAsync(stop.Token);
        var copying = CopyAsync(program.StandardOutput.BaseStream, output, stop.Token);
        await program.StandardInput.BaseStream.WriteAsync(wav.AsMemory(0, half), stop.Token);
        await program.StandardInput.BaseStream.FlushAsync(stop.Token);
        int early = 0;
        while (early < 25) // the first clip has 33 frames, and a fragment up to 6
        {
            program.HasExited.ShouldBeFalse();
            await Task.Delay(500, stop.Token);
            early = await FramesAsync(output);
        }

        early.ShouldBeLessThanOrEqualTo(First * 25);
        await program.StandardInput.BaseStream.WriteAsync(wav.AsMemory(half), stop.Token);
        program.StandardInput.Close();
        await copying;
        await program.WaitForExitAsync(stop.Token);
        program.ExitCode.ShouldBe(0, await complaints);
        (await FramesAsync(output)).ShouldBe(Seconds * 25);
        (await LoudnessAsync(output)).ShouldBe(-9, 1, "the voice is in the video: a sine of half of full scale");
    }

    [Fact]
    public async Task A_named_pipe_may_have_samples_without_a_header()
    {
        string picture = await PictureAsync(), voice = await VoiceAsync("voice.wav", "-ar 22050 -ac 2", 2), pipe = At("pipe"),
            output = At("out.mp4");
        await ToolAsync("mkfifo", pipe);
        using var writer = Process.Start("ffmpeg", ["-v", "error", "-y", "-i", voice, "-f", "s16le", pipe]);
        var (code, error) = await RunAsync(picture, pipe, output, "--raw-audio", "s16le:22050:2");
        code.ShouldBe(0, error);
        await writer.WaitForExitAsync(Ct);
        (await FramesAsync(output)).ShouldBe(50);
        (await LoudnessAsync(output)).ShouldBe(-12, 1, "ffmpeg spreads one channel over two at 3 dB less");
    }

    [Fact]
    public async Task Sound_in_another_format_in_a_pipe_is_read_to_its_end_first()
    {
        string picture = await PictureAsync(), voice = await VoiceAsync("voice.mp3", "", 2), pipe = At("pipe"), output = At("out.mp4");
        await ToolAsync("mkfifo", pipe);
        using var writer = Process.Start("cp", [voice, pipe]);
        var (code, error) = await RunAsync(picture, pipe, output);
        code.ShouldBe(0, error);
        await writer.WaitForExitAsync(Ct);
        (await FramesAsync(output)).ShouldBeInRange(50, 52);
        error.ShouldContain("begins after the whole sound has arrived");
    }

    [Fact]
    public async Task A_voice_that_ends_before_its_promised_length_leaves_no_file()
    {
        string picture = await PictureAsync(), output = At("out.mp4");
        byte[] wav = await File.ReadAllBytesAsync(await VoiceAsync("voice.wav", "-ar 16000", 3), Ct);
        using var program = Start(picture, "-", output);
        await program.StandardInput.BaseStream.WriteAsync(wav.AsMemory(0, wav.Length / 2), Ct);
        program.StandardInput.Close();
        string error = await program.StandardError.ReadToEndAsync(Ct);
        await program.WaitForExitAsync(Ct);
        program.ExitCode.ShouldBe(3, error);
        error.ShouldContain("standard input: the sound ends after 1.5 s, and its header promises 3 s");
        Directory.GetFiles(folder, "out*").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_format_that_cannot_be_used_is_refused_before_anything_is_read()
    {
        string picture = await PictureAsync();
        var (code, error) = await RunAsync(picture, "-", At("out.mp4"), "--raw-audio", "mp3:24000");
        code.ShouldBe(2, error);
        error.ShouldContain("--raw-audio mp3:24000: expected CODING:RATE");
        (code, error) = await RunAsync(picture, "-", At("out.mp4"), "--raw-audio", "s16le:24000", "--stream-speech", "false");
        code.ShouldBe(2, error);
        error.ShouldContain("--stream-speech true");
    }

    private string At(string name) => Path.Combine(folder, name);

    private async Task<string> PictureAsync()
    {
        await ToolAsync("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", At("me.png"));
        return At("me.png");
    }

    private async Task<string> VoiceAsync(string name, string arguments, int seconds)
    {
        string[] more = arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await ToolAsync(
            "ffmpeg",
            [
                "-v", "error", "-y", "-f", "lavfi", "-i", FormattableString.Invariant($"aevalsrc=0.5*sin(1500*t):s=44100:d={seconds}"),
                .. more, At(name)
            ]);
        return At(name);
    }

    private static string[] Arguments(string picture, string voice, string output, params string[] more) =>
    [
        "generate", "-i", picture, "-a", voice, "-o", output, "--model", "untrained", "--seed", "3", "--device", "cpu",
        .. more.Contains("--stream-speech") ? more : [.. more, "--stream-speech", "true"],
    ];

    private static Process Start(string picture, string voice, string output) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "locutor.dll"), .. Arguments(picture, voice, output)])
    { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;

    private static async Task<(int Code, string Error)> RunAsync(string picture, string voice, string output, params string[] more)
    {
        var (code, _, error) = await CommandsInProcess.RunAsync(
            new Dictionary<string, string?>(), Arguments(picture, voice, output, more));
        return (code, error);
    }

    private static async Task CopyAsync(Stream from, string path, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 0);
        byte[] buffer = new byte[1 << 16];
        while (await from.ReadAsync(buffer, cancellationToken) is var read and > 0)
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
    }

    private static async Task<string> ToolAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(Ct);
        string output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return output + await error;
    }

    /// <summary>How many frames a player gets out of the file as it is now; 0 if it cannot be opened yet.</summary>
    private static async Task<int> FramesAsync(string path)
    {
        string said = await ToolAsync(
            "ffprobe", "-v", "quiet", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0",
            path);
        return int.TryParse(said.Trim().Trim(','), CultureInfo.InvariantCulture, out int frames) ? frames : 0;
    }

    /// <summary>The root mean square of the sound in decibels of full scale.</summary>
    private static async Task<double> LoudnessAsync(string path)
    {
        string said = await ToolAsync("ffmpeg", "-hide_banner", "-nostdin", "-i", path, "-af", "volumedetect", "-f", "null", "-");
        string value = said[(said.IndexOf("mean_volume:", StringComparison.Ordinal) + 12)..].Trim().Split(' ')[0];
        return double.Parse(value, CultureInfo.InvariantCulture);
    }
}
