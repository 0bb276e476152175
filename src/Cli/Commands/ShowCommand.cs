using System.CommandLine;
using System.Globalization;
using Locutor.Cli.Generate;
using Locutor.Generation.Preparation;
using Locutor.Generation.Requests;
using Locutor.Generation.Sampling;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor models show</c>: it lists the sizes and presets of a bundle, the cost of each preset and the error of its
/// shortcuts.
/// </summary>
internal static class ShowCommand
{
    private static readonly Argument<string> Name = new("name")
    {
        Description = "A model of 'locutor models list', or the path of a bundle.json of your own.",
        HelpName = "name",
        CompletionSources = { RequestOptions.ModelNames },
    };

    private const int Width = 100, Indent = 4;

    public static Command Create(Option<string?> store, Func<ParseResult, ModelStore> open)
    {
        var command = new Command(
            "show", "Explain a model: sizes, memory, files, and the cost of each preset.")
            { Name, store };
        command.SetAction(parsed => Show(open(parsed), parsed.GetRequiredValue(Name), parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int Show(ModelStore store, string name, TextWriter output)
    {
        var model = ModelsCommand.Find(name, store.Folder);
        var bundle = model.Bundle;
        var (here, all) = ModelsListCommand.FilesOf(model);
        Text(output, $"{bundle.Name}: {bundle.Title}");
        Line(output, "for", bundle.About ?? "");
        Line(output, "licence", bundle.Licence);
        Line(output, "state", $"{ModelsListCommand.StateOf(model)} ({here} of {all} files are on this machine)");
        Line(output, "download", bundle.DiskSpace.TryGetValue("pull", out long pull) ? ModelsListCommand.Size(pull) : "");
        Line(output, "prepared", Each(bundle.DiskSpace.Where(pair => pair.Key != "pull")));
        string memory = Each(bundle.GpuMemory);
        Line(output, "GPU memory", memory.Length > 0 ? $"{memory}, for the weights; --vram-budget needs less" : "");
        foreach (string path in new PreparedFiles(store).OnDisk(bundle))
            Line(output, "file", $"{path}, {ModelsListCommand.Size(new FileInfo(path).Length)}");
        Line(output, "sizes", string.Join(", ", bundle.Sizes.Keys.Select(size => size == bundle.DefaultSize ? $"{size} (default)" : size)));
        Line(output, "clips", $"{bundle.ClipFrames} frames");
        output.WriteLine();
        output.WriteLine(Row("preset", "steps", "passes", "motion", "s per second", "PSNR"));
        foreach (var (preset, settings) in bundle.Presets)
        {
            output.WriteLine(Row(bundle, preset, settings));
            if (settings.About is { } about) Text(output, about, Indent);
        }
        output.WriteLine();
        Text(output, "passes: network evaluations for each clip, without the step cache.");
        Text(output, "motion: frames that a clip repeats from the previous clip.");
        Text(output, "s per second: seconds for a second of video on one H100 with float8 weights; ~ is a sum of measured parts.");
        if (bundle.Presets.Values.Any(preset => preset.Figures?.Psnr is not null))
            Text(output, $"PSNR: the bundled model's video against preset quality (locutor bench presets --of {bundle.Name}).");
        return ExitCodes.Success;
    }

    private static void Text(TextWriter output, string text, int indent = 0)
    {
        foreach (string line in WrappedText.Lines(text, Width - indent)) output.WriteLine(new string(' ', indent) + line);
    }

    private static void Line(TextWriter output, string name, string value)
    {
        const int Column = 14;
        if (value.Length == 0) return;
        string head = $"  {name}";
        foreach (string line in WrappedText.Lines(value, Width - Column))
        {
            output.WriteLine(head.PadRight(Column) + line);
            head = "";
        }
    }

    private static string Each(IEnumerable<KeyValuePair<string, long>> bytes) =>
        string.Join(", ", bytes.Select(pair => $"{pair.Key} {ModelsListCommand.Size(pair.Value)}"));

    private static string Row(Bundle bundle, string name, Preset preset)
    {
        var settings = VideoSettings.Resolve(bundle, VideoRequest.Empty.With(VideoFields.Preset, name));
        string seconds = preset.Figures?.SecondsPerSecond is { } measured
            ? string.Create(CultureInfo.InvariantCulture, $"{(preset.Figures.Reckoned ? "~" : "")}{measured:0.0}")
            : "-";
        string error = preset.Figures?.Psnr is { } psnr ? string.Create(CultureInfo.InvariantCulture, $"{psnr:0.0} dB") : "-";
        return Row(
            name == bundle.DefaultPreset ? $"{name} *" : name, $"{settings.Steps}",
            $"{Guidance.PassesOfClip(settings.Guidance, settings.Steps)}", $"{settings.MotionFrames}", seconds, error);
    }

    private static string Row(string preset, string steps, string passes, string motion, string seconds, string error) =>
        $"{preset,-16}{steps,6}{passes,8}{motion,8}{seconds,14}{error,10}";
}
