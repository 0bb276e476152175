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

    public static Command Create(Option<string?> store, Func<ParseResult, ModelStore> open)
    {
        var command = new Command(
            "show", "Explain a model: sizes, memory, files, and the cost of each preset.")
            { Name, store };
        command.SetAction(parsed => Show(open(parsed), parsed.GetRequiredValue(Name)));
        return command;
    }

    private static int Show(ModelStore store, string name)
    {
        var model = ModelsCommand.Find(name, store.Folder);
        var bundle = model.Bundle;
        var (here, all) = ModelsListCommand.FilesOf(model);
        Console.WriteLine($"{bundle.Name}: {bundle.Title}");
        Line("for", bundle.About ?? "");
        Line("licence", bundle.Licence);
        Line("state", $"{ModelsListCommand.StateOf(model)} ({here} of {all} files are on this machine)");
        Line("download", bundle.DiskSpace.TryGetValue("pull", out long pull) ? ModelsListCommand.Size(pull) : "");
        Line("prepared", Each(bundle.DiskSpace.Where(pair => pair.Key != "pull")));
        Line("GPU memory", Each(bundle.GpuMemory) is { Length: > 0 } memory ? $"{memory}, for the weights; --vram-budget needs less" : "");
        foreach (string path in new PreparedFiles(store).OnDisk(bundle))
            Line("file", $"{path}, {ModelsListCommand.Size(new FileInfo(path).Length)}");
        Line("sizes", string.Join(", ", bundle.Sizes.Keys.Select(size => size == bundle.DefaultSize ? $"{size} (default)" : size)));
        Line("clips", $"{bundle.ClipFrames} frames");
        Console.WriteLine();
        Console.WriteLine(Row("preset", "steps", "passes", "motion", "s per second", "PSNR", ""));
        foreach (var (preset, settings) in bundle.Presets) Console.WriteLine(Row(bundle, preset, settings));
        Console.WriteLine();
        Console.WriteLine(
            "passes: network evaluations for each clip, without the step cache. motion: frames that a clip repeats from the previous " +
            "clip.");
        Console.WriteLine("s per second: seconds for a second of video on one H100 with float8 weights; ~ is a sum of measured parts.");
        if (bundle.Presets.Values.Any(preset => preset.Figures?.Psnr is not null))
        {
            Console.WriteLine(
                $"PSNR: the bundled model's video with these settings, against preset quality (locutor bench presets --of {bundle.Name}).");
        }

        return ExitCodes.Success;
    }

    private static void Line(string name, string value)
    {
        if (value.Length > 0) Console.WriteLine($"  {name,-12}{value}");
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
            $"{Guidance.PassesOfClip(settings.Guidance, settings.Steps)}", $"{settings.MotionFrames}", seconds, error, preset.About ?? "");
    }

    private static string Row(string preset, string steps, string passes, string motion, string seconds, string error, string about) =>
        $"{preset,-16}{steps,6}{passes,8}{motion,8}{seconds,14}{error,10}  {about}".TrimEnd();
}
