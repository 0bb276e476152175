using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Locutor.Generation.Preparation;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor models list</c>: a table of all models, with advice on which one to take.</summary>
internal static class ModelsListCommand
{
    private const string Advice = """

        Which one? 'sketch' is part of the program and needs no GPU, but it knows painted portraits only.
        For photographs you need an NVIDIA GPU: flashtalk is fast, infinitetalk-480p is the most faithful,
        infinitetalk-multi is for two people. Names with -fp8 are for RTX 40 and 50, L4, L40 and H100,
        those with -int8 for older GPUs: half the memory, nearly the same picture.
        'locutor models show NAME' explains a model, 'locutor models pull NAME' downloads it.
        """;

    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON, one object per line." };

    public static Command Create(Option<string?> store, Func<ParseResult, ModelStore> open)
    {
        var command = new Command("list", "List the models, their purposes, and which of them are on this machine.") { store, Json };
        command.SetAction(parsed => List(open(parsed), parsed.GetValue(Json), parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int List(ModelStore store, bool json, TextWriter output)
    {
        if (!json) output.WriteLine(Row("MODEL", "STATE", "DOWNLOAD", "FOR"));
        foreach (var model in BundleCatalogue.Default(store.Folder).All()) output.WriteLine(json ? ToJson(model) : Row(model));
        if (!json) output.WriteLine(Advice);
        return ExitCodes.Success;
    }

    /// <summary>Describes in a few words which files of a model are on this machine.</summary>
    internal static string StateOf(ResolvedBundle model)
    {
        var (here, all) = FilesOf(model);
        return model.IsShipped ? "included"
            : here == all ? "ready"
            : model.CanRun(model.DefaultAdapters) ? "can be run"
            : here == 0 ? "-"
            : $"{here} of {all} files";
    }

    /// <summary>Returns the number of a model's files on this machine, and the number of all its files.</summary>
    internal static (int Here, int All) FilesOf(ResolvedBundle model)
    {
        BundleFile[] files = [.. model.Bundle.Files().SelectMany(file => model.Store.WithShards(file.File)).Distinct()];
        return (files.Count(file => model.TryLocate(file) is not null), files.Length);
    }

    /// <summary>Returns a size in gigabytes, megabytes or kilobytes.</summary>
    internal static string Size(long bytes)
    {
        var (unit, name) = bytes >= 100_000_000 ? (1e9, "GB") : bytes >= 100_000 ? (1e6, "MB") : (1e3, "kB");
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / unit:0.0} {name}");
    }

    private static string Row(ResolvedBundle model) => Row(
        model.Bundle.Name, StateOf(model),
        model.IsShipped ? "-"
            : model.Bundle.DiskSpace.TryGetValue("pull", out long bytes) ? Size(bytes) : "unknown",
        model.Bundle.About ?? model.Bundle.Title);

    private static string Row(string name, string state, string download, string about) =>
        $"{name,-24} {state,-15} {download,9}  {about}";

    private static string ToJson(ResolvedBundle model)
    {
        var bundle = model.Bundle;
        var (here, all) = FilesOf(model);
        return JsonSerializer.Serialize(
            new
            {
                bundle.Name,
                bundle.Title,
                bundle.About,
                bundle.Licence,
                Ready = model.CanRun(model.DefaultAdapters),
                Files = all,
                FilesHere = here,
                bundle.DiskSpace,
                bundle.GpuMemory,
                Presets = bundle.Presets.Keys,
                bundle.DefaultPreset,
                Sizes = bundle.Sizes.Keys,
                Prepared = new PreparedFiles(model.Store).OnDisk(bundle),
            },
            JsonSerializerOptions.Web);
    }
}
