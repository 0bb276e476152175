using System.CommandLine;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Cli.Generate;
using Locutor.Generation.Preparation;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor models</c>: it lists the models and manages their files on this machine.</summary>
internal static class ModelsCommand
{
    private static readonly Argument<string[]> Names = new("name")
    {
        Description = "A model of 'locutor models list', or the path of a bundle.json of your own.",
        Arity = ArgumentArity.OneOrMore,
        HelpName = "name",
        CompletionSources = { RequestOptions.ModelNames },
    };
    private static readonly Argument<string[]> Kept = new("keep")
    {
        Description = "bundle.json files of your own that are in no folder of LOCUTOR_MODELS; their files are kept too.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<string?> Preset = new("--preset")
    {
        Description = "Leave the adapters of other presets out.",
        HelpName = "NAME",
    };
    internal static readonly Option<string?> Store = new("--store")
    {
        Description = $"Folder of model files; LOCUTOR_STORE sets it for every command. Default: {ModelStore.DefaultFolder}.",
        HelpName = "FOLDER",
    };
    private static readonly Option<bool> Delete = new("--delete")
    {
        Description = "Delete the files that are damaged."
    };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print what would be deleted, and delete nothing." };

    public static Command Create()
    {
        var pull = new Command(
            "pull", "Download the files of a model. It can be stopped and started again.") { Names, Preset, Store };
        pull.SetAction((parsed, cancellationToken) => PullAsync(
            Open(parsed), parsed.GetRequiredValue(Names), parsed.GetValue(Preset), cancellationToken));
        var verify = new Command(
            "verify", "Check the SHA-256 of the files of a model.") { Names, Preset, Delete, Store };
        verify.SetAction((parsed, cancellationToken) => VerifyAsync(
            Open(parsed), parsed.GetRequiredValue(Names), parsed.GetValue(Preset), parsed.GetValue(Delete), cancellationToken));
        var prune = new Command(
            "prune", "Delete files that no model needs, and unfinished downloads.") { Kept, DryRun, Store };
        prune.SetAction(parsed => Prune(Open(parsed), parsed.GetValue(Kept) ?? [], parsed.GetValue(DryRun)));
        return new Command("models", "List, download, prepare, check and delete models.")
        {
            ModelsListCommand.Create(Store, Open), ShowCommand.Create(Store, Open), pull, PrepareCommand.Create(Store), verify,
            RemoveCommand.Create(Store, Open), prune, InspectCommand.Create(),
        }.WithHelp();
    }

    private static ModelStore Open(ParseResult parsed) => ModelStore.Open(parsed.GetValue(Store));

    private static async Task<int> PullAsync(ModelStore store, string[] names, string? preset, CancellationToken cancellationToken)
    {
        BundleFile[] files = [.. names.SelectMany(n => FilesOf(n, preset))];
        using var line = new PullLine(Console.Error, Console.IsErrorRedirected);
        int fetched;
        try
        {
            fetched = await store.PullAsync(files, line, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new CommandException(ExitCodes.Cancelled, "stopped; run the same command again to continue the download");
        }
        line.Dispose();
        Console.WriteLine(
            $"{string.Join(", ", names)}: {fetched} files fetched, all {files.SelectMany(store.WithShards).Distinct().Count()} here " +
            $"({store.Folder})");
        return ExitCodes.Success;
    }

    private static async Task<int> VerifyAsync(
        ModelStore store, string[] names, string? preset, bool delete, CancellationToken cancellationToken)
    {
        int wrong = 0, seen = 0;
        foreach (var file in
                names.SelectMany(n => FilesOf(n, preset)).Where(f => f.Repository is not null).SelectMany(store.WithShards).Distinct())
        {
            string what = $"{file.Repository}/{file.Path}";
            seen++;
            wrong += await VerifyAsync(
                what, store.PathInStore(file), delete,
                async () => await store.VerifyAsync(file, cancellationToken) is null ? "not checked" : "ok");
        }
        foreach (string path in names.SelectMany(n => new PreparedFiles(store).OnDisk(Find(n, store.Folder).Bundle)).Distinct())
        {
            seen++;
            wrong += await VerifyAsync(path, path, delete, () =>
            {
                TensorHashes.Verify(path, null, cancellationToken);
                return Task.FromResult("ok");
            });
        }
        string remedy = delete
            ? "'locutor models pull' downloads them, 'prepare' makes them again"
            : "'locutor models pull' downloads missing files; --delete removes damaged ones, so that they are downloaded again";
        if (seen == 0) Console.WriteLine($"{string.Join(", ", names)}: its files are part of the program; there is nothing to check");
        return wrong == 0
            ? ExitCodes.Success
            : throw new CommandException(ExitCodes.BadInput, $"{wrong} files are missing or damaged; {remedy}");
    }

    /// <returns>The exit code: 1 when the file is missing or was changed, 0 otherwise.</returns>
    private static async Task<int> VerifyAsync(string what, string path, bool delete, Func<Task<string>> look)
    {
        try
        {
            Console.WriteLine($"{await look(),-14} {what}");
            return 0;
        }
        catch (Exception wrong) when (wrong is BundleException or CheckpointException)
        {
            Console.WriteLine($"{(File.Exists(path) ? "WRONG" : "missing"),-14} {(File.Exists(path) ? wrong.Message : what)}");
            if (!delete || !File.Exists(path)) return 1;
            File.Delete(path);
            Console.WriteLine($"{"deleted",-14} {path}");
            return 1;
        }
    }

    private static int Prune(ModelStore store, string[] kept, bool dryRun)
    {
        Bundle[] bundles =
        [
            .. BundleCatalogue.Default(store.Folder).All().Select(model => model.Bundle),
            .. kept.Select(path => Find(path, store.Folder).Bundle)
        ];
        var gone = store.Prune(
            bundles.SelectMany(bundle => bundle.Files()).SelectMany(f => store.WithShards(f.File)), dryRun,
            bundles.SelectMany(new PreparedFiles(store).PathsOf));
        foreach (var (path, bytes) in gone) Console.WriteLine($"{bytes,16:N0}  {path}");
        Console.WriteLine($"{gone.Count} files, {gone.Sum(g => g.Bytes):N0} bytes {(dryRun ? "would be deleted" : "deleted")}");
        return ExitCodes.Success;
    }

    private static IEnumerable<BundleFile> FilesOf(string name, string? preset)
    {
        var bundle = Find(name).Bundle;
        if (preset is not null) PresetOf(bundle, preset);
        return bundle.FilesOf(preset);
    }

    /// <exception cref="CommandException">The bundle has no such preset.</exception>
    internal static Preset PresetOf(Bundle bundle, string preset) => bundle.Presets.TryGetValue(preset, out var found)
        ? found
        : throw new CommandException(
            ExitCodes.Usage,
            $"unknown preset {preset} of {bundle.Name}; nearest are {string.Join(", ", NearestNames.To(preset, bundle.Presets.Keys))}");

    /// <summary>Finds a bundle by its name or by the path of its file.</summary>
    /// <param name="name">The name or the path.</param>
    /// <param name="store">The folder of downloaded and prepared files; null for the default folder.</param>
    /// <exception cref="CommandException">There is no such bundle.</exception>
    internal static ResolvedBundle Find(string name, string? store = null)
    {
        var catalogue = BundleCatalogue.Default(store);
        return catalogue.FindOrRead(name)
            ?? throw new CommandException(
                ExitCodes.Usage, $"unknown model {name}; nearest are {string.Join(", ", NearestNames.To(name, catalogue.Names()))}");
    }
}
