using System.CommandLine;
using Locutor.Checkpoints;
using Locutor.Models;
using Locutor.Models.Hub;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary><c>locutor models</c>: which networks there are, and their files on this machine.</summary>
internal static class ModelsCommand
{
    private static readonly Argument<string[]> Names = new("name") { Description = "A bundle of 'locutor models list', or the path of a bundle.json of your own.", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string?> Preset = new("--preset") { Description = "Of the adapters, only those of this preset.", HelpName = "NAME" };
    private static readonly Option<string?> Store = new("--store") { Description = $"Folder of model files; {ModelStore.DefaultFolder} without it.", HelpName = "FOLDER" };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only say what would be taken away." };

    public static Command Create()
    {
        var list = new Command("list", "Print the bundles, and which of their files are here.") { Store };
        list.SetAction(parsed => List(Open(parsed)));
        var pull = new Command("pull", "Fetch the files of a bundle that are not here. May be stopped at any time and run again.") { Names, Preset, Store };
        pull.SetAction((parsed, cancellation) => PullAsync(Open(parsed), parsed.GetRequiredValue(Names), parsed.GetValue(Preset), cancellation));
        var verify = new Command("verify", "Read the files of a bundle again and compare their SHA-256.") { Names, Preset, Store };
        verify.SetAction((parsed, cancellation) => VerifyAsync(Open(parsed), parsed.GetRequiredValue(Names), parsed.GetValue(Preset), cancellation));
        var prune = new Command("prune", "Take away files that no bundle needs and the remains of stopped pulls.") { DryRun, Store };
        prune.SetAction(parsed => Prune(Open(parsed), parsed.GetValue(DryRun)));
        return new Command("models", "Fetch, check and clean up the files of networks.") { list, pull, verify, prune, InspectCommand.Create() };
    }

    private static ModelStore Open(ParseResult parsed) => new(parsed.GetValue(Store) ?? ModelStore.DefaultFolder, HubOptions.FromEnvironment());

    private static int List(ModelStore store)
    {
        using (store)
        {
            var catalogue = BundleCatalogue.Default();
            foreach (string name in catalogue.Names())
            {
                var (bundle, folder) = catalogue.Find(name)!.Value;
                BundleFile[] files = [.. bundle.Files().Select(f => f.File).Distinct()];
                int here = files.Count(f => f.Repository is null ? File.Exists(Path.Combine(folder, f.Path)) : store.Find(f) is not null);
                Console.WriteLine($"{name,-26} {(here == files.Length ? "ready" : $"{here} of {files.Length} files"),-16} {bundle.Title}; {bundle.Licence}; presets {string.Join(", ", bundle.Presets.Keys)}");
            }
            return ExitCodes.Success;
        }
    }

    private static async Task<int> PullAsync(ModelStore store, string[] names, string? preset, CancellationToken cancellation)
    {
        using (store)
        {
            BundleFile[] files = [.. names.SelectMany(n => FilesOf(n, preset))];
            using var line = new PullLine(Console.Error, Console.IsErrorRedirected);
            int fetched = await store.PullAsync(files, line, cancellation);
            line.Dispose();
            Console.WriteLine($"{string.Join(", ", names)}: {fetched} files fetched, all {files.Distinct().Count()} here ({store.Folder})");
            return ExitCodes.Success;
        }
    }

    private static async Task<int> VerifyAsync(ModelStore store, string[] names, string? preset, CancellationToken cancellation)
    {
        using (store)
        {
            int wrong = 0;
            foreach (var file in names.SelectMany(n => FilesOf(n, preset)).Where(f => f.Repository is not null).Distinct())
            {
                try
                {
                    string? hash = await store.VerifyAsync(file, cancellation);
                    Console.WriteLine($"{(hash is null ? "no hash known" : "as it was"),-14} {file.Repository}/{file.Path}");
                }
                catch (BundleException e)
                {
                    wrong++;
                    Console.WriteLine($"{"WRONG",-14} {e.Message}");
                }
            }
            return wrong == 0 ? ExitCodes.Success : throw new CommandException(ExitCodes.BadInput, $"{wrong} files are missing or not as they were; 'locutor models prune' and 'pull' fetch them again");
        }
    }

    private static int Prune(ModelStore store, bool dryRun)
    {
        using (store)
        {
            var catalogue = BundleCatalogue.Default();
            var gone = store.Prune(catalogue.Names().SelectMany(n => catalogue.Find(n)!.Value.Bundle.Files()).Select(f => f.File), dryRun);
            foreach (var (path, bytes) in gone) Console.WriteLine($"{bytes,16:N0}  {path}");
            Console.WriteLine($"{gone.Count} files, {gone.Sum(g => g.Bytes):N0} bytes {(dryRun ? "would be taken away" : "taken away")}");
            return ExitCodes.Success;
        }
    }

    private static IEnumerable<BundleFile> FilesOf(string name, string? preset)
    {
        var bundle = Find(name);
        if (preset is not null && !bundle.Presets.ContainsKey(preset)) throw new CommandException(ExitCodes.Usage, $"unknown preset {preset} of {bundle.Name}; nearest are {string.Join(", ", NearestNames.To(preset, bundle.Presets.Keys))}");
        return bundle.Files().Where(f => preset is null || !f.For.StartsWith("preset ", StringComparison.Ordinal) || f.For == $"preset {preset}").Select(f => f.File);
    }

    private static Bundle Find(string name)
    {
        if (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(name)) return BundleJson.Read(name);
        var catalogue = BundleCatalogue.Default();
        return catalogue.Find(name)?.Bundle ?? throw new CommandException(ExitCodes.Usage, $"unknown model {name}; nearest are {string.Join(", ", NearestNames.To(name, catalogue.Names()))}");
    }
}
