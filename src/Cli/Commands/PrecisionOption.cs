using System.CommandLine.Parsing;
using Locutor.Checkpoints;

namespace Locutor.Cli.Commands;

/// <summary>Reads the option <c>--precision</c>.</summary>
internal static class PrecisionOption
{
    public static WeightPrecision? Parse(ArgumentResult result)
    {
        var precision = WeightPrecisions.Parse(result.Tokens[0].Value);
        if (precision is null) result.AddError($"--precision {result.Tokens[0].Value}: expected {WeightPrecisions.All}");
        return precision;
    }
}
