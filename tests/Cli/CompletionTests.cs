using System.Diagnostics;
using Locutor.Cli.Commands;
using Locutor.CommandLine;

namespace Locutor.Cli.Tests;

/// <summary>The scripts of <c>locutor completion</c> in the shells themselves.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-completion-");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Bash_completes_commands_and_options()
    {
        string found = await RunAsync("bash", """
            set -e
            eval "$(locutor completion bash)"
            complete -p locutor
            for line in "locutor gener" "locutor models pu" "locutor generate --neg" "locutor generate --seed 7 --neg"; do
              COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=($line)
              COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
              _locutor
              echo "$line: ${COMPREPLY[*]}"
            done
            """);

        found.ShouldContain("complete -o default -F _locutor locutor");
        found.ShouldContain("locutor gener: generate\n");
        found.ShouldContain("locutor models pu: pull\n");
        found.ShouldContain("locutor generate --neg: --negative-prompt\n");
        found.ShouldContain("locutor generate --seed 7 --neg: --negative-prompt\n");
    }

    [Theory]
    [InlineData("locutor gener", "generate")]
    [InlineData("locutor models p", "prepare prune pull")]
    [InlineData("locutor generate --seed 7 --json --pre", "--precision --preset")]
    [InlineData("locutor generate -i \"a b.png\" --precision b", "bfloat16")]
    [InlineData("locutor submit --model=x --server", "--server")]
    [InlineData("locutor models show ske", "sketch")]
    [InlineData("locutor completion ", "bash powershell zsh")]
    [InlineData("locutor cluster ", "init")]
    [InlineData("locutor generate -i ", "")] // The shell completes the name of a file.
    [InlineData("locutor inspect ", "")]
    [InlineData("locutor generate --model ske", "sketch")]
    public void Words_continue_a_line(string line, string words) =>
        string.Join(' ', LineCompletion.After(LocutorProgram.CreateRoot(VideoMaking.WithNetworks), line)).ShouldBe(words);

    /// <summary>A zsh on a terminal of its own is typed into, as completion needs the line editor.</summary>
    [Fact]
    public async Task Zsh_completes_commands()
    {
        if (!File.Exists("/usr/bin/zsh") && !File.Exists("/bin/zsh")) Assert.Skip("no zsh here");
        string found = await RunAsync("zsh", """
            zmodload zsh/zpty
            zpty shell "zsh -f -i"
            zpty -w shell 'PS1="> "; autoload -Uz compinit; compinit -u -D; eval "$(locutor completion zsh)"; echo rea""dy'
            zpty -r shell text '*ready*'
            zpty -w -n shell $'locutor compl\t'
            zpty -r shell text '*completion*'
            print -r -- "$text"
            zpty -d shell
            """);

        found.ShouldContain("locutor completion");
    }

    /// <summary>Runs a script of a shell in which <c>locutor</c> is the program under test.</summary>
    private async Task<string> RunAsync(string shell, string script)
    {
        string program = Path.Combine(folder.FullName, "locutor");
        await ScriptFile.WriteAsync(
            program, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "locutor.dll")}' \"$@\"\n");
        using var process = Process.Start(new ProcessStartInfo(shell, ["-c", script])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
                ["LOCUTOR_DEFAULTS"] = "",
                ["TERM"] = "xterm",
            },
        })!;
        string output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return output.ReplaceLineEndings("\n");
    }
}
