using System.CommandLine;
using System.Diagnostics;
using Locutor.Cli.Commands;
using Locutor.CommandLine;

namespace Locutor.Cli.Tests;

/// <summary>The command line as a whole: messages about mistakes, and the output without a command.</summary>
public sealed class CommandLineTests
{
    private static RootCommand Root { get; } = LocutorProgram.CreateRoot(VideoMaking.WithNetworks);

    [Theory]
    [InlineData("generat -i x.png", "generat: there is no such command; did you mean generate?")]
    [InlineData("generat --help", "generat: there is no such command; did you mean generate?")]
    [InlineData("frobnicate", "frobnicate: there is no such command")]
    [InlineData("models lst", "lst: there is no such command; did you mean list?")]
    [InlineData("generate --stepz 3", "--stepz: there is no such option; did you mean --steps?")]
    [InlineData("generate video.mp4", "expected options such as --image-path FILE, found 'video.mp4'")]
    [InlineData("doctor video.mp4", "expected options such as --store FOLDER, found 'video.mp4'")]
    [InlineData("tokens list --dat x", "--dat: there is no such option; did you mean --data?")]
    [InlineData("doctor --xyz", "--xyz: there is no such option")]
    [InlineData("tokens create --expires-days soon", "--expires-days: expected a number, found 'soon'")]
    [InlineData("tokens create --max-queued 1.5", "--max-queued: expected a whole number, found '1.5'")]
    [InlineData(
        "worker --precision fine", "--precision: expected one of auto, float32, bfloat16, float8, int8, found 'fine'")]
    [InlineData("generate --precision fine", "--precision: expected one of auto, float32, bfloat16, float8, int8, found 'fine'")]
    [InlineData("completion fish", "expected bash, zsh, powershell, found 'fish'")]
    [InlineData("again fc-1 --seed x", "--seed: expected a whole number, found 'x'")]
    [InlineData("voices --language", "--language: expected TAG, found nothing")]
    public void A_mistake_is_reported_in_one_line_with_similar_names(string line, string told) =>
        ParseFaults.Describe(Root.Parse(line)).ShouldBe([told]);

    [Fact]
    public void A_missing_argument_is_explained() =>
        ParseFaults.Describe(Root.Parse("models pull")).Single().ShouldStartWith("expected <name>, a model of 'locutor models list'");

    /// <summary>Every option that needs a value is given none, and then a wrong one: no message may name a type of .NET.</summary>
    [Fact]
    public void No_message_names_a_type_of_the_runtime()
    {
        int tried = 0;
        foreach (var (path, command) in All(Root, ""))
        {
            foreach (var option in command.Options.Where(option => !option.Hidden))
            {
                foreach (string value in new[] { "", " --" })
                {
                    foreach (string fault in ParseFaults.Describe(Root.Parse($"{path} {option.Name}{value}")))
                    {
                        fault.ShouldNotContain("System.");
                        fault.ShouldNotContain("`");
                        tried++;
                    }
                }
            }
        }
        tried.ShouldBeGreaterThan(30);
    }

    [Theory]
    [InlineData("", "locutor generate -i portrait.png")]
    [InlineData("models", "pull <name>")]
    [InlineData("tokens", "revoke <key>")]
    public void Without_a_command_the_program_prints_examples(string line, string taught)
    {
        var output = new StringWriter();
        Root.Parse(line).Invoke(new InvocationConfiguration { Output = output }).ShouldBe(ExitCodes.Success);
        output.ToString().ShouldContain(taught);
        output.ToString().Split('\n').ShouldAllBe(row => row.Length <= 120);
    }

    [Fact]
    public void The_help_of_every_command_ends_its_sentences()
    {
        foreach (var (path, command) in All(Root, "").Where(one => !one.Command.Hidden && one.Path.Length > 0))
        {
            command.Description.ShouldNotBeNullOrEmpty(path);
            command.Description.ShouldEndWith(".", Case.Sensitive, path);
            foreach (var option in command.Options.Where(option => !option.Hidden && option.Name != "--help"))
                option.Description.ShouldNotBeNullOrEmpty($"{path} {option.Name}");
        }
    }

    [Theory]
    [InlineData("cd \"$(mktemp -d)\"; rmdir \"$PWD\"", 5, "the current folder does not exist any more: change to another one ('cd')")]
    [InlineData("set -- \"$@\" $'caf\\xe9.png'", 2, "'caf\uFFFD.png' is not UTF-8: rename the file, or convert the text")]
    public async Task A_folder_that_was_deleted_and_a_name_that_is_not_UTF_8_are_refused(string before, int code, string told)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "locutor.dll");
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", before + "; exec dotnet \"$@\"", "bash", program, "inspect"])
        {
            RedirectStandardError = true,
        })!;
        (await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldBe($"locutor: {told}\n");
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(code);
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(one => All(one, $"{path} {one.Name}".Trim())).Prepend((path, command));
}
