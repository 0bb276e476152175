using System.Diagnostics;

namespace Locutor.Cli.Tests;

/// <summary><c>locutor generate</c> with inputs and outputs that are more than plain files.</summary>
[Collection(CommandsInProcess.Collection)]
public sealed class GenerateFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor generate ").FullName;
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_output_that_is_an_input_by_any_name_is_refused_and_nothing_is_touched()
    {
        var (picture, voice) = await InputsAsync("me.gif");
        byte[] before = await File.ReadAllBytesAsync(picture, Ct);
        string hard = At("hard.gif"), soft = At("soft.gif");
        await ToolAsync("ln", picture, hard);
        File.CreateSymbolicLink(soft, picture);
        string[] names =
        [
            picture, hard, soft, Path.Combine(folder, ".", "me.gif"), $"{folder}/../{Path.GetFileName(folder)}/me.gif",
            Path.GetRelativePath(Environment.CurrentDirectory, picture)
        ];
        foreach (string name in names)
        {
            var (code, error) = await GenerateAsync(picture, voice, name);
            code.ShouldBe(4, error);
            error.ShouldContain("it is the input");
        }
        (await GenerateAsync("file://" + picture.Replace(" ", "%20", StringComparison.Ordinal), voice, picture)).Code.ShouldBe(4);
        (await File.ReadAllBytesAsync(picture, Ct)).ShouldBe(before);
        Directory.GetFiles(folder).Length.ShouldBe(4);
    }

    [Fact]
    public async Task An_input_that_does_not_exist_is_named_and_an_address_of_another_scheme_explained()
    {
        var (_, voice) = await InputsAsync();
        foreach (var (input, told) in new[]
        {
            (At("nothing.png"), At("nothing.png") + ": no such file"),
            ("ftp://example.org/me.png", "ftp://example.org/me.png: expected a file, or an address with http, https or file"),
        })
        {
            var (code, error) = await GenerateAsync(input, voice, At("out.mp4"));
            (code, error.TrimEnd()).ShouldBe((3, $"locutor: {told}"));
            File.Exists(At("out.mp4")).ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Outputs_that_cannot_be_a_video_are_refused_with_the_reason()
    {
        var (picture, voice) = await InputsAsync();
        foreach (var (path, reason) in new[]
        {
            (At("out.avi"), ".mp4, .mov, .mkv, .webm, .gif"), (At("out"), ".mp4, .mov"), (At("none/out.mp4"), "folder does not exist"),
            (folder, "expected a name"),
        })
        {
            var (code, error) = await GenerateAsync(picture, voice, path);
            code.ShouldBe(4, error);
            error.ShouldContain(reason);
        }
        Directory.GetFiles(folder).Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_full_disk_ends_with_the_exit_code_for_outputs()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("no /dev/full here");
        var (picture, voice) = await InputsAsync();
        var (code, error) = await GenerateAsync(picture, voice, "/dev/full");
        code.ShouldBe(4, error);
        error.ShouldContain("No space left");
        // A limit on the size of files simulates a full disk; the temporary file of the voice already exceeds it. Write-xor-execute is off,
        // because the runtime would use larger files for it.
        foreach (string name in new[] { "out.mkv", "out.mp4", "out.gif" })
        {
            (code, error) = await ShellAsync(
                $"export DOTNET_EnableWriteXorExecute=0; ulimit -f 16; trap '' XFSZ; exec {Program} generate -i '{picture}' -a " +
                $"'{voice}' -o '{At(name)}' --model untrained --seed 3");
            code.ShouldBe(4, error);
            error.ShouldContain("cannot be written");
        }
        Directory.GetFiles(folder).Length.ShouldBe(2);
    }

    [Fact]
    public async Task Standard_output_gets_the_video_and_standard_error_the_progress()
    {
        var (picture, voice) = await InputsAsync();
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "locutor.dll"), .. Arguments(picture, voice, "-", "--json")])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var complaints = process.StandardError.ReadToEndAsync(Ct);
        await using (var piped = File.Create(At("piped.mp4"))) await process.StandardOutput.BaseStream.CopyToAsync(piped, Ct);
        string error = await complaints;
        await process.WaitForExitAsync(Ct);
        process.ExitCode.ShouldBe(0, error);
        error.ShouldContain("\"event\":\"done\"");
        (await FramesAsync(At("piped.mp4"))).ShouldBe(13);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" --fps 30")] // encoded twice
    public async Task A_reader_of_standard_output_that_leaves_ends_the_command(string option)
    {
        var (picture, voice) = await InputsAsync();
        (int code, string error) = await ShellAsync(
            $"{Program} generate -i '{picture}' -a '{voice}' -o - --model untrained --seed 3{option} | true; exit ${{PIPESTATUS[0]}}");
        code.ShouldBe(4, error);
        error.ShouldContain("-: cannot be written (Broken pipe)");
    }

    [Fact]
    public async Task Inputs_come_from_pipes_and_standard_input()
    {
        var (picture, voice) = await InputsAsync();
        (int code, string error) = await ShellAsync(
            $"{Program} generate -i <(cat '{picture}') -a - -o '{At("a.mkv")}' --model untrained --seed 3 < <(cat '{voice}')");
        code.ShouldBe(0, error);
        (await FramesAsync(At("a.mkv"))).ShouldBe(13);
        (code, error) = await ShellAsync(
            $"{Program} generate -i /dev/stdin -a '{voice}' -o '{At("b.mov")}' --model untrained --seed 3 < '{picture}'");
        code.ShouldBe(0, error);
        (code, error) = await ShellAsync($"echo '<html>' | {Program} generate -i - -a '{voice}' -o '{At("c.mov")}' --model untrained");
        code.ShouldBe(3, error);
        error.ShouldContain("standard input: not a picture");
        (code, error) = await GenerateAsync("-", "-", At("d.mov"));
        code.ShouldBe(2, error);
        error.ShouldContain("only once");
        (await GenerateAsync("/dev/zero", voice, At("e.mp4"))).Error.ShouldContain("is a device");
    }

    [Fact]
    public async Task A_link_is_followed_and_a_pipe_is_written_to()
    {
        var (picture, voice) = await InputsAsync();
        string target = At("target.mp4"), link = At("link.mp4"), pipe = At("pipe.mkv");
        await File.WriteAllTextAsync(target, "old", Ct);
        File.CreateSymbolicLink(link, target);
        var (refused, why) = await GenerateAsync(picture, voice, link);
        refused.ShouldBe(4, why);
        why.ShouldContain($"{link} exists already; -y replaces, -n keeps it");
        (await File.ReadAllTextAsync(target, Ct)).ShouldBe("old");
        var (code, error) = await GenerateAsync(picture, voice, link, "-y", "--quiet");
        code.ShouldBe(0, error);
        error.ShouldBeEmpty();
        new FileInfo(link).LinkTarget.ShouldBe(target);
        (await FramesAsync(target)).ShouldBe(13);
        await ToolAsync("mkfifo", pipe);
        var reader = ToolAsync("cp", pipe, At("read.mkv"));
        (code, error) = await GenerateAsync(picture, voice, pipe);
        code.ShouldBe(0, error);
        await reader;
        (await FramesAsync(At("read.mkv"))).ShouldBe(13);
        File.Exists(pipe).ShouldBeTrue();
        (await GenerateAsync(picture, voice, "/dev/null")).Code.ShouldBe(0);
        File.GetAttributes("/dev/null").HasFlag(FileAttributes.Normal).ShouldBeTrue();
    }

    [Fact]
    public async Task Notes_report_cropped_pixels_and_the_channel_of_the_voice()
    {
        var (_, _) = await InputsAsync();
        string tall = At("tall.png"), poly = At("poly.wav");
        await ToolAsync("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=270x480", "-frames:v", "1", tall);
        await ToolAsync("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.3*sin(900*t)|0.3*sin(900*t+PI):s=16000:d=0.5", poly);
        var (code, error) = await GenerateAsync(tall, poly, At("out.gif"));
        code.ShouldBe(0, error);
        error.ShouldContain("is 270x480 and the video");
        error.ShouldContain("channels cancel each other");
        error.ShouldContain("a GIF has no sound");
    }

    private static string Program => $"dotnet '{Path.Combine(AppContext.BaseDirectory, "locutor.dll")}'";

    private string At(string name) => Path.Combine(folder, name);

    [Theory]
    [InlineData("somewhere", "video.mp4", "expected nothing or -")]
    [InlineData("-", "video.webm", "expected an output that ends in .mp4")]
    public async Task Live_options_that_cannot_work_are_refused_before_any_work(string value, string output, string reason)
    {
        var (picture, voice) = await InputsAsync();
        var (code, error) = await GenerateAsync(picture, voice, At(output), "--live", value);
        code.ShouldBe(2, error);
        error.ShouldContain(reason);
        Directory.GetFiles(folder).Length.ShouldBe(2);
    }

    private async Task<(string Picture, string Voice)> InputsAsync(string picture = "me.png")
    {
        await ToolAsync("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", At(picture));
        ToneVoice.Write(At("voice.wav"), 0.5);
        return (At(picture), At("voice.wav"));
    }

    private static string[] Arguments(string picture, string voice, string output, params string[] more) =>
        ["generate", "-i", picture, "-a", voice, "-o", output, "--model", "untrained", "--seed", "3", .. more];

    private static async Task<(int Code, string Error)> GenerateAsync(string picture, string voice, string output, params string[] more)
    {
        var (code, _, error) = await CommandsInProcess.RunAsync(
            new Dictionary<string, string?>(), Arguments(picture, voice, output, more));
        return (code, error);
    }

    private static async Task<(int Code, string Error)> ShellAsync(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardError = true })!;
        string error = await process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, error);
    }

    private static async Task ToolAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(tool, arguments);
        await process.WaitForExitAsync(Ct);
        process.ExitCode.ShouldBe(0, tool);
    }

    private static async Task<int> FramesAsync(string path)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "ffprobe",
            ["-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path])
        { RedirectStandardOutput = true })!;
        string frames = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return int.Parse(frames.Trim().Trim(','), System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
