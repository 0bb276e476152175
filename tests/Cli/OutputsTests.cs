using Locutor.Cli.Commands;
using Locutor.Cli.Generate;
using Locutor.CommandLine;
using Locutor.Generation.Progress;

namespace Locutor.Cli.Tests;

/// <summary>Outputs that exist, batches, defaults and the bar of <c>generate</c>, without making a video.</summary>
public sealed class OutputsTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-outputs-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void An_existing_output_is_replaced_only_on_request()
    {
        string there = Write("there.mp4", "old"), missing = At("missing.mp4");
        int asked = 0;
        string? Answer(string question, string answer)
        {
            asked++;
            question.ShouldContain(there);
            return answer;
        }

        ExistingOutputs.MayWrite([missing], ExistingOutput.Ask, null).ShouldBeTrue();
        ExistingOutputs.MayWrite([there, missing], ExistingOutput.Replace, null).ShouldBeTrue();
        ExistingOutputs.MayWrite([there], ExistingOutput.Keep, null).ShouldBeFalse();
        ExistingOutputs.MayWrite([missing, there], ExistingOutput.Ask, question => Answer(question, "Y")).ShouldBeTrue();
        ExistingOutputs.MayWrite([there], ExistingOutput.Ask, question => Answer(question, "")).ShouldBeFalse();
        asked.ShouldBe(2);
        var refused = Should.Throw<CommandException>(() => ExistingOutputs.MayWrite([there], ExistingOutput.Ask, null));
        refused.ExitCode.ShouldBe(4);
        refused.Message.ShouldBe($"{there} exists already; -y replaces it");
        Should.Throw<CommandException>(() => ExistingOutputs.MayWrite([there], ExistingOutput.Ask, null, canKeep: true))
            .Message.ShouldBe($"{there} exists already; -y replaces, -n keeps it");
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(44)]
    [InlineData(80)]
    [InlineData(200)]
    public void The_progress_bar_fits_the_terminal(int width)
    {
        foreach (var stage in Enum.GetValues<GenerationStage>())
        {
            var progress = new GenerationProgress(stage, 12, 345, 39, 40) { Fraction = 0.427 };
            string line = ProgressBar.Draw(progress, TimeSpan.FromHours(11.2), width, colours: false);
            line.Length.ShouldBeLessThan(width);
            line.ShouldContain("43 %");
            if (width >= 40) line.ShouldContain("11:12:00 left");
            if (width >= 80 && stage == GenerationStage.Denoising) line.ShouldContain("denoising  clip 12/345  step 40/40");
            ProgressBar.Draw(progress, null, width, colours: true).ShouldContain("\u001b[36m");
        }
    }

    [Fact]
    public void A_folder_pairs_pictures_and_voices_of_one_name()
    {
        foreach (string name in new[] { "a.png", "a.wav", "b.JPG", "b.txt", "b.mp4", "notes.pdf", ".hidden.png" }) Write(name, "Hello.");

        var items = BatchList.Read(folder.FullName, hasPicture: false, hasVoice: false);
        items.Select(item => item.Name).ShouldBe(["a", "b"]);
        items[0].Values.ShouldBe(new Dictionary<string, string> { ["image"] = At("a.png"), ["audio"] = At("a.wav") });
        items[1].Values.ShouldBe(new Dictionary<string, string> { ["image"] = At("b.JPG"), ["text"] = "Hello." });
        BatchList.Read(folder.FullName, hasPicture: true, hasVoice: false)[0].Values.Keys.ShouldBe(["audio"]);
        BatchList.Read(folder.FullName, hasPicture: false, hasVoice: true)[1].Values.Keys.ShouldBe(["image"]);

        Write("c.png", "");
        Should.Throw<CommandException>(() => BatchList.Read(folder.FullName, hasPicture: false, hasVoice: false))
            .Message.ShouldContain("there is no voice or text for 'c'");
    }

    /// <summary>docs/gallery.md makes all their videos with one command.</summary>
    [Fact]
    public void The_samples_are_a_folder_of_eight_pairs() =>
        BatchList.Read(Path.Combine(TestEnvironment.Checkout, "samples"), hasPicture: false, hasVoice: false)
            .Select(item => item.Name).ShouldBe(["amara", "clara", "dalia", "elena", "farid", "greta", "hana", "noor"]);

    [Fact]
    public void A_list_names_fields_and_its_paths_are_relative_to_it()
    {
        string list = Write("list.csv", """
            image,audio,prompt,seed,output
            me.png,a.wav,"happy, ""very""
            happy",7,first.webm

            https://example.org/x.png,/tmp/b.wav,,,
            """);

        var parsed = LocutorProgram.CreateRoot(VideoMaking.WithNetworks).Parse(
            ["generate", "--batch", list, "-o", At("out"), "--seed", "5", "--format", "mov", "-n"]);
        var videos = GenerateCommand.ReadBatch(parsed, list);

        videos.Select(video => video.Arguments.Output).ShouldBe([At("out/first.webm"), At("out/x.mov")]);
        var first = videos[0].Arguments.Form;
        first.Address(Generation.Requests.VideoFields.Image).ShouldBe(At("me.png"));
        first.Value(Generation.Requests.VideoFields.Prompt).ShouldBe("happy, \"very\"\nhappy");
        first.Value(Generation.Requests.VideoFields.Seed).ShouldBe(7L, "the row has priority over the option");
        videos[1].Arguments.Form.Value(Generation.Requests.VideoFields.Seed).ShouldBe(5L);
        videos[1].Arguments.Form.Address(Generation.Requests.VideoFields.Image).ShouldBe("https://example.org/x.png");
        videos[1].Arguments.Existing.ShouldBe(ExistingOutput.Keep);
    }

    [Theory]
    [InlineData("image,audoi\na.png,b.wav", "there is no column 'audoi'; did you mean audio?")]
    [InlineData("image,audio\na.png,b.wav,c", "line 2: expected 2 fields, found 3")]
    [InlineData("image,audio\na.png,\"b.wav", "a quoted field has no end")]
    [InlineData("image,audio\na.png,b.wav\na.png,c.wav", "two videos are named 'a'")]
    [InlineData("image,audio\na.png,-", "standard input cannot be an input of a batch")]
    [InlineData("image,audio\n", "there is no video to make")]
    public void A_list_with_a_mistake_is_refused(string text, string reason) =>
        Should.Throw<CommandException>(() => BatchList.Read(Write("list.csv", text), false, false)).Message.ShouldContain(reason);

    [Fact]
    public void Defaults_replace_options_that_the_command_line_omits()
    {
        string file = Write("defaults.json", """
            { // for every video
              "generate": { "model": "flashtalk", "vram_budget": 12, "quiet": true, "box": ["1,2,3,4", "5,6,7,8"], "seed": null },
              "models list": { "json": true }
            }
            """);

        string[] With(params string[] args) => WithDefaults(file, args);
        With("generate", "-i", "a.png").ShouldBe(
            ["generate", "-i", "a.png", "--model=flashtalk", "--vram-budget=12", "--quiet=true", "--box=1,2,3,4", "--box=5,6,7,8"]);
        With("generate", "-m", "sketch", "--vram-budget", "8", "-q").ShouldBe(
            ["generate", "-m", "sketch", "--vram-budget", "8", "-q", "--box=1,2,3,4", "--box=5,6,7,8"]);
        With("models", "list").ShouldBe(["models", "list", "--json=true"]);
        With("doctor").ShouldBe(["doctor"]);
        var parsed = LocutorProgram.CreateRoot(VideoMaking.WithNetworks)
            .Parse(With("generate", "-i", "a.png", "-a", "b.wav", "-o", "c.mp4"));
        parsed.Errors.ShouldBeEmpty();
        GenerateCommand.Read(parsed).Quiet.ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{ "generate": { "modle": "sketch" } }""", "there is no option 'modle'; did you mean --model?")]
    [InlineData("""{ "generat": {} }""", "'generat' is no command")]
    [InlineData("""{ "generate": 3 }""", "expected an object of options")]
    [InlineData("""[]""", "expected an object with the names of commands")]
    [InlineData("""{ "generate": """, "Expected depth")]
    public void Defaults_with_a_mistake_are_refused(string text, string reason)
    {
        string file = Write("defaults.json", text);
        var refused = Should.Throw<CommandException>(() => WithDefaults(file, "generate"));
        refused.Message.ShouldStartWith(file);
        refused.Message.ShouldContain(reason);
    }

    [Fact]
    public void A_text_and_a_file_of_text_exclude_each_other()
    {
        var parsed = LocutorProgram.CreateRoot(VideoMaking.WithNetworks).Parse(
            ["generate", "-i", "a.png", "--text", "Hello", "--text-file", Write("t.txt", "Hello"), "-o", "c.mp4"]);
        var refused = Should.Throw<CommandException>(() => GenerateCommand.Read(parsed));
        refused.ExitCode.ShouldBe(2);
        refused.Message.ShouldBe("--text-file: cannot be combined with --text; expected one of them");
    }

    private static string[] WithDefaults(string file, params string[] args) =>
        Defaults.AddTo(args, LocutorProgram.CreateRoot(VideoMaking.WithNetworks), file, Defaults.Read(file));

    private string At(string name) => Path.Combine(folder.FullName, name);

    private string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }
}
