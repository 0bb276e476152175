using System.CommandLine;
using System.Text.RegularExpressions;
using Locutor.Cli;
using Locutor.Service.Settings;

namespace Locutor.Service.FunctionalTests.Deploy;

/// <summary>Every variable, command, option and setting that a file in deploy/ names is one of the program.</summary>
public sealed partial class DeployedCommandsTests
{
    /// <summary>Variables that the files themselves read: images, the port, the path of the program, choices of Modal.</summary>
    private static readonly string[] OfTheFiles =
    [
        "LOCUTOR_IMAGE", "LOCUTOR_GPU_IMAGE", "LOCUTOR_GPU", "LOCUTOR_SECRET", "LOCUTOR_PORT", "LOCUTOR_PROGRAM", "LOCUTOR_URL",
    ];

    private const string Before = """
        (locutor"?|\$program"?|LOCUTOR_PROGRAM:-/app/locutor\}"|PROGRAM,|program, root,|LOCUTOR_IMAGE"|\[)
        """;

    private static readonly string[] Verbs = ["serve", "worker", "tokens", "models", "cluster"];

    private static IEnumerable<string> Files => Directory
        .EnumerateFiles(Path.Combine(TestEnvironment.Checkout, "deploy"), "*", SearchOption.AllDirectories)
        .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "__pycache__"));

    [Fact]
    public void Every_variable_is_read_by_the_program_or_by_a_file_of_the_folder()
    {
        string[] found = [.. Files.SelectMany(file => Variable().Matches(File.ReadAllText(file)).Select(match => match.Value)).Distinct()];
        found.Where(name => !EnvironmentNames.IsRead(name) && !OfTheFiles.Contains(name) && name != "LOCUTOR_S3_").ShouldBeEmpty();
        found.Length.ShouldBeGreaterThan(20);
        OfTheFiles.Except(found).ShouldBeEmpty("variables that no file reads any more");
    }

    [Fact]
    public void Every_option_and_setting_of_a_command_line_exists()
    {
        var making = StubMaking.Create(seconds: 0);
        var root = LocutorProgram.CreateRoot(making);
        var faults = new List<string>();
        var seen = new HashSet<string>();
        foreach (string file in Files)
        {
            foreach (string[] words in CommandLines(File.ReadAllText(file)))
            {
                string line = $"{Path.GetRelativePath(TestEnvironment.Checkout, file)}: {string.Join(' ', words)}";
                faults.AddRange(Faults(root, words).Select(fault => $"{line}: {fault}"));
                seen.Add(words[0]);
            }
        }
        faults.ShouldBeEmpty();
        seen.ShouldBe(Verbs, ignoreOrder: true);
    }

    [Theory]
    [InlineData("locutor serve --worker none")]
    [InlineData("[\"serve\", \"--set\", \"cluster_adress=locutor\"]")]
    [InlineData("$program tokens create --scope all")]
    public void A_wrong_option_or_setting_is_found(string text)
    {
        var making = StubMaking.Create(seconds: 0);
        Faults(LocutorProgram.CreateRoot(making), CommandLines(text).Single()).ShouldHaveSingleItem();
    }

    /// <summary>Returns the command lines of the program in a file, each from its verb to the end of the list or statement.</summary>
    private static IEnumerable<string[]> CommandLines(string text) => Line().Matches(text)
        .Select(match => Word().Matches(match.Groups["words"].Value).Select(word => word.Value).ToArray())
        .Where(words => words.Any(word => word.StartsWith("--", StringComparison.Ordinal)));

    private static IEnumerable<string> Faults(Command root, string[] words)
    {
        var command = root;
        var options = new List<Option>(root.Options);
        foreach (string word in words.TakeWhile(word => command.Subcommands.Any(sub => sub.Name == word)))
        {
            command = command.Subcommands.Single(sub => sub.Name == word);
            options.AddRange(command.Options);
        }
        for (int i = 1; i < words.Length; i++)
        {
            if (words[i].StartsWith("--", StringComparison.Ordinal) && !options.Any(option => option.Name == words[i]))
                yield return $"{command.Name} has no option {words[i]}";
            if (words[i] == "--set" && !EnvironmentNames.Settings.Values.Contains(words[i + 1].Split('=')[0]))
                yield return $"there is no setting {words[i + 1]}";
        }
    }

    [GeneratedRegex("LOCUTOR_[A-Z0-9_]+")]
    private static partial Regex Variable();

    /// <summary>A verb after the name of the program, its variable or the bracket of a list, and the words up to the end.</summary>
    [GeneratedRegex(Before + """\s*"?(?<words>(serve|worker|tokens|models|cluster)\b[^\]`;|&#)\r\n]*)""")]
    private static partial Regex Line();

    /// <summary>A word without the quotes and commas of a list; Python marks a text with variables by an f.</summary>
    [GeneratedRegex("""(?<=^|[\s",])(?!f")[^\s",]+""")]
    private static partial Regex Word();
}
