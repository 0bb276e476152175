using System.Text.RegularExpressions;

namespace Locutor.Cli;

/// <summary>Says what to do where a GPU's memory did not suffice.</summary>
internal static partial class GpuMemory
{
    /// <summary>Null where the failure was another.</summary>
    public static string? Explain(Exception failure)
    {
        for (Exception? one = failure; one is not null; one = one.InnerException)
        {
            if (!one.Message.Contains("CUDA out of memory", StringComparison.Ordinal)) continue;
            var said = Amounts().Match(one.Message);
            string what = said.Success ? $": {said.Groups["asked"]} more was asked for, {said.Groups["free"]} of {said.Groups["total"]} is free" : "";
            string allowed = Allowed().Match(one.Message) is { Success: true } limit ? $", {limit.Groups["allowed"]} is allowed to this program" : "";
            return $"the GPU's memory does not suffice{what}{allowed}. Give --vram-budget less than is free: what does not fit then comes in turn from the machine's memory. Or ask for a smaller --size, or end what else uses the GPU (nvidia-smi lists it).";
        }
        return null;
    }

    // As libtorch words it.
    [GeneratedRegex(@"Tried to allocate (?<asked>[\d.]+ \w+)\. GPU \d+ has a total capacity of (?<total>[\d.]+ \w+) of which (?<free>[\d.]+ \w+) is free")]
    private static partial Regex Amounts();

    [GeneratedRegex(@"(?<allowed>[\d.]+ \w+) allowed")]
    private static partial Regex Allowed();
}
