using Locutor.Generation.Diagnosis;

namespace Locutor.Cli.Doctor;

/// <summary>Prints findings for people: one line for each, with its advice below, and a summary at the end.</summary>
/// <param name="output">The target of the lines.</param>
/// <param name="width">The number of columns at which lines are wrapped; 0 does not wrap.</param>
/// <param name="colours">Whether the states are coloured.</param>
internal sealed class FindingLines(TextWriter output, int width, bool colours)
{
    private const int StateWidth = 9, NameWidth = 12, Indent = StateWidth + NameWidth, LeastText = 30;
    private readonly Dictionary<FindingState, int> counts = [];

    /// <summary>
    /// Creates a printer for the console. On a terminal it wraps lines and uses colours; piped output is plain, and NO_COLOR turns
    /// colours off.
    /// </summary>
    public static FindingLines ToConsole()
    {
        bool terminal = !Console.IsOutputRedirected;
        return new(Console.Out, terminal ? Terminal.Width : 0, terminal && Terminal.HasColours);
    }

    public int Failures => counts.GetValueOrDefault(FindingState.Failure);

    public void Write(Finding finding)
    {
        counts[finding.State] = counts.GetValueOrDefault(finding.State) + 1;
        output.WriteLine($"{Coloured(finding.State)}{finding.Check,-NameWidth}{Broken(finding.Text, Indent)}");
        if (finding.Advice is { } advice) output.WriteLine($"{new string(' ', Indent)}→ {Broken(advice, Indent + 2)}");
        output.Flush();
    }

    public void WriteSum()
    {
        int warnings = counts.GetValueOrDefault(FindingState.Warning);
        output.WriteLine();
        output.WriteLine(Failures + warnings == 0
            ? $"{counts.GetValueOrDefault(FindingState.Ok)} checks, all ok."
            : $"{Number(Failures, "failure")}, {Number(warnings, "warning")}, {counts.GetValueOrDefault(FindingState.Ok)} ok. The " +
                "lines with an arrow tell what to do.");
    }

    private static string Number(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private string Coloured(FindingState state)
    {
        var (word, colour) = state switch
        {
            FindingState.Ok => ("ok", 32),
            FindingState.Warning => ("warning", 33),
            _ => ("FAILURE", 31),
        };
        return colours ? $"\u001b[{colour}m{word,-StateWidth}\u001b[0m" : $"{word,-StateWidth}";
    }

    /// <summary>Wraps a text between words and indents the further lines.</summary>
    private string Broken(string text, int indent)
    {
        int room = width - indent - 1;
        return width == 0 || room < LeastText
            ? text
            : string.Join(Environment.NewLine + new string(' ', indent), WrappedText.Lines(text, room));
    }
}
