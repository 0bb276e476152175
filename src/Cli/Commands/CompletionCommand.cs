using System.CommandLine;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor completion SHELL</c>: it prints the script that completes commands and options in a shell.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # Completion of locutor for bash. Add to ~/.bashrc:  eval "$(locutor completion bash)"
        _locutor() {
          local IFS=$'\n'
          local word="${COMP_WORDS[COMP_CWORD]}"
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" complete "${COMP_POINT}" "${COMP_LINE}" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _locutor locutor
        """;

    private const string Zsh = """
        # Completion of locutor for zsh. Add to ~/.zshrc, after compinit:  eval "$(locutor completion zsh)"
        _locutor() {
          local line="${(j: :)words[1,CURRENT]}"
          local -a found
          found=("${(@f)$("${words[1]}" complete "${#line}" "$line" 2>/dev/null)}")
          if [[ -n "${found[*]}" ]]; then compadd -a found; else _files; fi
        }
        compdef _locutor locutor
        """;

    private const string PowerShell = """
        # Completion of locutor for PowerShell. Add to $PROFILE:  locutor completion powershell | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName locutor -ScriptBlock {
          param($word, $line, $position)
          & $line.CommandElements[0].Value complete "$position" "$line" |
            ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    private static readonly Dictionary<string, string> Scripts = new() { ["bash"] = Bash, ["zsh"] = Zsh, ["powershell"] = PowerShell };

    public static Command Create()
    {
        var shell = new Argument<string>("shell")
        {
            Description = $"One of {string.Join(", ", Scripts.Keys)}.",
            HelpName = string.Join('|', Scripts.Keys),
        };
        shell.CompletionSources.Add([.. Scripts.Keys]);
        shell.Validators.Add(result =>
        {
            string name = result.Tokens[0].Value;
            if (!Scripts.ContainsKey(name)) result.AddError($"expected {string.Join(", ", Scripts.Keys)}, found '{name}'");
        });
        var command = new Command("completion", "Print the script that completes commands and options in your shell.") { shell };
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(Scripts[parsed.GetRequiredValue(shell)]));
        return command;
    }

    /// <summary>Creates the hidden command that these scripts call.</summary>
    public static Command CreateComplete(RootCommand root)
    {
        var position = new Argument<int>("position") { Description = "The place of the cursor in the line." };
        var line = new Argument<string>("line") { Description = "The command line so far." };
        var command = new Command("complete", "Print the words that can follow, for the scripts of 'locutor completion'.")
        {
            position, line,
        };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            int end = Math.Max(0, parsed.GetRequiredValue(position));
            string text = parsed.GetRequiredValue(line).PadRight(end); // PowerShell omits the spaces at the end.
            foreach (string word in LineCompletion.After(root, text[..end])) parsed.InvocationConfiguration.Output.WriteLine(word);
        });
        return command;
    }
}
