using System.Globalization;
using System.Text;

namespace Locutor.Training.Evaluation;

/// <summary>One line of the table.</summary>
/// <param name="Figure">What was measured.</param>
/// <param name="Wanted">What it should reach, in words.</param>
/// <param name="Measured">What it reached, in words.</param>
/// <param name="Met">Whether that is enough.</param>
/// <param name="Values">The figures behind it.</param>
public sealed record EvaluationRow(string Figure, string Wanted, string Measured, bool Met, IReadOnlyDictionary<string, double> Values);

/// <summary>A table of figures, for people and for programs.</summary>
public sealed record EvaluationReport(string Model, string Preset, string Device, IReadOnlyList<EvaluationRow> Rows)
{
    /// <summary>The table as Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder("| figure | at least | measured | met |\n|---|---|---|---|\n");
        foreach (var row in Rows) text.Append(CultureInfo.InvariantCulture, $"| {row.Figure} | {row.Wanted} | {row.Measured} | {(row.Met ? "yes" : "no")} |\n");
        return text.ToString();
    }
}
