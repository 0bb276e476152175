using Locutor.Cli.Generate;
using Locutor.CommandLine;
using Locutor.Files;

namespace Locutor.Cli.Tests;

/// <summary>Outputs of <c>generate</c> that would replace an input or another output. All are refused before anything is read.</summary>
[Collection(CommandsInProcess.Collection)]
public sealed class OutputConflictsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-conflicts-").FullName;

    public OutputConflictsTests()
    {
        foreach (string name in new[] { "g.png", "one.png", "one.wav", "t.txt", "t.srt", "film.mp4" }) Write(name, "Hello.");
    }

    [Theory]
    [InlineData("--text Hello -o both.mp4 --sound-path both.mp4", "both.mp4",
        "the video would be lost: it is the same file; give the sound")]
    [InlineData("--text Hello -o both.mp4 --sound-path ./x/../both.mp4", "./x/../both.mp4",
        "the video would be lost: it is the same file; give the sound")]
    [InlineData("--text Hello -o both.mp4 --sound-path linked/both.mp4", "linked/both.mp4",
        "the video would be lost: it is the same file; give the sound")]
    [InlineData("--text Hello -o both.mp4 --captions srt --sound-path both.srt", "both.srt",
        "the captions would be lost: it is the same file; give the sound")]
    [InlineData("--text Hello -o v.mp4 --sound-path g.png", "g.png", "it is the input g.png, which would be lost; give the sound")]
    [InlineData("--text Hello -o v.mp4 --sound-path soft.wav", "soft.wav", "it is the input g.png, which would be lost; give the sound")]
    [InlineData("-a one.wav -o v.mp4 --sound-path one.wav", "one.wav", "it is the input one.wav, which would be lost; give the sound")]
    [InlineData("--text-file t.txt -o v.mp4 --sound-path t.txt", "t.txt", "it is the input t.txt, which would be lost; give the sound")]
    [InlineData("--text-file t.txt -o - --sound-path t.txt", "t.txt", "it is the input t.txt, which would be lost; give the sound")]
    [InlineData("--text-file t.srt -o t.mp4 --captions srt", "t.srt", "it is the input t.srt, which would be lost; give the video")]
    [InlineData("-i film.mp4 --text Hello -o film.mp4", "film.mp4", "it is the input film.mp4, which would be lost; give the video")]
    public async Task An_output_that_replaces_an_input_or_another_output_is_refused(string line, string output, string reason)
    {
        File.CreateSymbolicLink(At("soft.wav"), At("g.png"));
        Directory.CreateSymbolicLink(At("linked"), folder);
        Directory.CreateDirectory(At("x"));
        if (!line.StartsWith("-i", StringComparison.Ordinal)) line = "-i g.png " + line;
        var (code, error) = await GenerateAsync([.. line.Split(' ').Select(AtFile), "-y"]);
        code.ShouldBe(4, error);
        string told = reason.Replace("input ", $"input {folder}/", StringComparison.Ordinal);
        error.Trim().ShouldBe($"locutor: {At(output)}: cannot be written ({told} another name)");
        (await File.ReadAllTextAsync(At("g.png"), TestContext.Current.CancellationToken)).ShouldBe("Hello.");
        File.Exists(At("both.mp4")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("one.png,one.wav,film.mp4;film.mp4,one.wav,w.mp4", "",
        "/film.mp4: cannot be written (it is the input /film.mp4 of 'w', which would be lost; give the video another name)")]
    [InlineData("one.png,one.wav,a.mp4;g.png,one.wav,./a.mp4", "",
        "/./a.mp4: cannot be written (the video of 'a' would be lost: it is the same file; give the video another name)")]
    [InlineData("one.png,one.wav,a.mp4;g.png,one.wav,a.mkv", "--captions srt --transcript Hello",
        "/a.srt: cannot be written (the captions of 'a' would be lost: it is the same file; give the video another name)")]
    [InlineData("one.png,one.wav,list.mp4", "--captions srt --transcript Hello",
        "no video was made: list: /list.srt: cannot be written (it is the input /list.srt, which would be lost; give the video " +
        "another name)")]
    public async Task A_batch_in_which_a_video_replaces_a_file_of_another_is_refused(string rows, string options, string told)
    {
        string list = Write("list.srt", $"image,audio,output\n{rows.Replace(';', '\n')}\n");
        var (code, error) = await GenerateAsync(
            ["--batch", list, "-o", folder, "-y", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        code.ShouldBe(4, error);
        error.Trim().ShouldBe("locutor: " + told.Replace(" /", $" {folder}/", StringComparison.Ordinal)
            .Insert(0, told[0] == '/' ? folder : ""));
        (await File.ReadAllTextAsync(At("film.mp4"), TestContext.Current.CancellationToken)).ShouldBe("Hello.");
        Directory.GetFiles(folder).Length.ShouldBe(7);
    }

    [Theory]
    [InlineData("zz.mp4", "t.txt", "{0}/t.txt exists and was not replaced; no video was made")]
    [InlineData("film.mp4", "t.txt", "{0}/film.mp4, {0}/t.txt exist and were not replaced; no video was made")]
    [InlineData("t.mp4", "new.wav", "{0}/t.srt exists and was not replaced; no video was made")]
    [InlineData("-", "t.txt", "{0}/t.txt exists and was not replaced; no video was made")]
    public async Task A_file_that_is_kept_is_named(string video, string sound, string told)
    {
        string[] captions = video == "-" ? [] : ["--captions", "srt"];
        var (code, error) = await GenerateAsync(
            ["-i", At("g.png"), "--text", "Hello", "-o", AtFile(video), .. captions, "--sound-path", At(sound), "-n"]);
        code.ShouldBe(4, error);
        error.Trim().ShouldBe("locutor: " + told.Replace("{0}", folder, StringComparison.Ordinal));
    }

    [Fact]
    public void A_sound_is_complete_before_it_has_its_name_and_a_failure_leaves_nothing()
    {
        string[] before = Directory.GetFiles(folder);
        SoundFile.Write(At("t.txt"), At("s.wav")).Dispose();
        Directory.GetFiles(folder).ShouldBe(before, ignoreOrder: true);

        using (var kept = SoundFile.Write(At("t.txt"), At("s.wav"))) kept.Keep();
        File.ReadAllText(At("s.wav")).ShouldBe("Hello.");

        var refused = Should.Throw<CommandException>(() => SoundFile.Write(At("t.txt"), At("gone/s.wav")));
        refused.ExitCode.ShouldBe(4);
        refused.Message.ShouldBe($"{At("gone/s.wav")}: cannot be written (no such folder)");
        if (!File.Exists("/dev/full")) return;
        var full = Should.Throw<IOException>(() => File.WriteAllBytes("/dev/full", [1]));
        FileFault.Describe(full).ShouldBe("No space left on device");
    }

    [Theory]
    [InlineData("gone/x.mp4", "its folder does not exist")]
    [InlineData("x.mp4", "is a folder")]
    public async Task An_output_that_cannot_be_written_is_named_once(string output, string reason)
    {
        Directory.CreateDirectory(At("x.mp4"));
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, At(output));
        var (code, error) = await GenerateAsync("-i", At("g.png"), "-a", At("one.wav"), "-o", relative);
        code.ShouldBe(4, error);
        error.Trim().ShouldBe($"locutor: {relative}: cannot be written ({reason})");
    }

    [Fact]
    public async Task A_folder_of_a_batch_that_cannot_be_made_is_an_output_that_cannot_be_written()
    {
        string list = Write("list.csv", "image,audio\none.png,one.wav\n");
        var (code, error) = await GenerateAsync("--batch", list, "-o", At("t.txt/out"));
        code.ShouldBe(4, error);
        error.Trim().ShouldBe($"locutor: {At("t.txt/out")}: cannot be written (no such folder)");
    }

    private string AtFile(string word) => word.Contains('.') ? At(word) : word;

    private string At(string name) => $"{folder}/{name}";

    private string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    private static async Task<(int Code, string Error)> GenerateAsync(params string[] arguments)
    {
        var (code, _, error) = await CommandsInProcess.RunAsync(
            new Dictionary<string, string?>(), ["generate", "--model", "untrained", "--seed", "3", .. arguments]);
        return (code, error);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
