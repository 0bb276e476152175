using System.Globalization;
using System.Text;

namespace Locutor.Training.Evaluation;

/// <summary>A row of the table.</summary>
/// <param name="Figure">The name of the measurement.</param>
/// <param name="Wanted">The target, in words.</param>
/// <param name="Measured">The measured result, in words.</param>
/// <param name="Met">Whether the result meets the target.</param>
/// <param name="Values">The numbers from which the result was computed.</param>
public sealed record EvaluationRow(string Figure, string Wanted, string Measured, bool Met, IReadOnlyDictionary<string, double> Values);

/// <summary>A table of measurements for people and for programs.</summary>
public sealed record EvaluationReport(string Model, string Preset, string Device, IReadOnlyList<EvaluationRow> Rows)
{
    /// <summary>Formats the table as Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder("| figure | at least | measured | met |\n|---|---|---|---|\n");
        foreach (var row in Rows)
            text.Append(CultureInfo.InvariantCulture, $"| {row.Figure} | {row.Wanted} | {row.Measured} | {(row.Met ? "yes" : "no")} |\n");
        return text.ToString();
    }
}
