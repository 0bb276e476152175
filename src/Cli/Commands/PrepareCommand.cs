using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Locutor.Checkpoints;
using Locutor.Cli.Generate;
using Locutor.Generation.Preparation;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor models prepare</c>: it merges all files of a network, such as checkpoints and adapters, into one file that
/// loads fast.
/// </summary>
internal static class PrepareCommand
{
    private static readonly Argument<string?> Name = new("name")
    {
        Description = "A model of 'locutor models list', or the path of your own bundle.json. Omit it with --weights.",
        Arity = ArgumentArity.ZeroOrOne,
        HelpName = "name",
        CompletionSources = { RequestOptions.ModelNames },
    };
    private static readonly Option<WeightPrecision?> Wanted = new("--precision")
    {
        Description =
            $"Precision of the stored weights: {WeightPrecisions.All}. The 8-bit formats have a scale for each output row. Default: the " +
            "bundle's precision, or bfloat16.",
        HelpName = "NAME",
        CustomParser = PrecisionOption.Parse,
    };
    private static readonly Option<string?> Preset = new("--preset")
    {
        Description = "Preset whose adapters are merged into the weights. Default: the default preset of the bundle.",
        HelpName = "NAME",
    };
    private static readonly Option<string> Network = new("--network")
    {
        Description = $"The network to prepare: {NetworkKinds.Names}.",
        HelpName = "NAME",
        DefaultValueFactory = _ => NetworkKind.Transformer.Name(),
    };
    private static readonly Option<string[]> Weights = new("--weights")
    {
        Description = "Checkpoints of any format, in place of a bundle. If several contain a tensor, the last one is used.",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<(string, double)[]> Adapters = new("--adapter")
    {
        Description = "With --weights: a LoRA file to merge, with strength 1 or as FILE=STRENGTH.",
        HelpName = "FILE",
        CustomParser = ParseAdapters,
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<string?> Output = new("--output", "-o")
    {
        Description = "With --weights: the safetensors file to write.",
        HelpName = "FILE",
    };
    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Print progress and result as JSON on standard output, one object per line."
    };

    public static Command Create(Option<string?> store)
    {
        var command = new Command(
            "prepare",
            "Merge the files of a model into one that loads fast. It can be stopped and started again.")
            { Name, Wanted, Preset, Network, Weights, Adapters, Output, store, Json };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(Name) is { } name
            ? BundleAsync(name, parsed.GetValue(store), parsed, cancellationToken)
            : FilesAsync(parsed, cancellationToken));
        return command;
    }

    private static async Task<int> BundleAsync(string name, string? store, ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Weights) is { Length: > 0 } || parsed.GetValue(Adapters) is { Length: > 0 }
            || parsed.GetValue(Output) is not null)
        {
            throw new CommandException(
                ExitCodes.Usage,
                "expected a bundle, or --weights with --output, found both; the file of a bundle is written to the store, and --preset " +
                "selects its adapters");
        }

        var model = ModelsCommand.Find(name, store);
        var bundle = model.Bundle;
        string preset = parsed.GetValue(Preset) ?? bundle.DefaultPreset;
        var adapters = ModelsCommand.PresetOf(bundle, preset).Adapters;
        string named = parsed.GetRequiredValue(Network);
        if (NetworkKinds.Parse(named) is not { } network)
            throw new CommandException(ExitCodes.Usage, $"--network {named}: expected {NetworkKinds.Names}");
        var precision = parsed.GetValue(Wanted)
            ?? (bundle.Precision is { } usual ? WeightPrecisions.Parse(usual) : null)
            ?? WeightPrecision.BFloat16;
        return await ReportAsync(
            parsed,
            progress => ModelPreparation.PrepareAsync(model, network, adapters, precision, progress, cancellationToken),
            $"{bundle.Name}: {network.Name()} in {precision.Name()}{(network == NetworkKind.Transformer ? $" for preset {preset}" : "")}");
    }

    private static async Task<int> FilesAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Weights) is not { Length: > 0 } weights || parsed.GetValue(Output) is not { } output)
            throw new CommandException(ExitCodes.Usage, "expected the name of a bundle, or --weights FILE ... with --output FILE");
        if (parsed.GetValue(Preset) is not null)
            throw new CommandException(ExitCodes.Usage, "--preset needs a bundle; with --weights, expected --adapter FILE");
        var precision = parsed.GetValue(Wanted) ?? WeightPrecision.BFloat16;
        return await ReportAsync(
            parsed,
            progress => ModelPreparation.PrepareAsync(
                weights, parsed.GetValue(Adapters) ?? [], precision, output, progress, cancellationToken),
            $"{weights.Length} files in {precision.Name()}");
    }

    private static async Task<int> ReportAsync(ParseResult parsed, Func<IProgress<PullProgress>, Task<PreparedModel>> prepare, string what)
    {
        if (parsed.GetValue(Json))
        {
            var lines = new JsonLines(Console.Out);
            var made = await prepare(lines);
            lines.Write(new { Event = "done", made.Path, made.Bytes, made.WasThere, Files = made.Summary });
            return ExitCodes.Success;
        }
        using var line = new PullLine(Console.Error, Console.IsErrorRedirected, "step");
        var result = await prepare(line);
        line.Dispose();
        foreach (string source in result.Summary) Console.WriteLine(source);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {(result.WasThere ? "was prepared before from the same files" : "prepared and checked")}, " +
            $"{result.Bytes:N0} bytes: {result.Path}"));
        return ExitCodes.Success;
    }

    private static (string, double)[] ParseAdapters(ArgumentResult result)
    {
        var adapters = new List<(string, double)>();
        foreach (var token in result.Tokens)
        {
            int place = token.Value.LastIndexOf('=');
            if (place < 0)
            {
                adapters.Add((token.Value, 1));
            }
            else if (
                double.TryParse(token.Value[(place + 1)..], CultureInfo.InvariantCulture, out double strength) && double.IsFinite(strength))
            {
                adapters.Add((token.Value[..place], strength));
            }
            else
            {
                result.AddError($"--adapter {token.Value}: expected FILE or FILE=STRENGTH with a finite number");
            }
        }
        return [.. adapters];
    }
}
