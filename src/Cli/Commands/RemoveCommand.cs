using System.CommandLine;
using Locutor.Cli.Generate;
using Locutor.Generation.Preparation;
using Locutor.Models;
using Locutor.Models.Store;

namespace Locutor.Cli.Commands;

/// <summary>
/// The command <c>locutor models rm</c>: it deletes the downloaded and prepared files of models. Files that another model on this machine
/// needs are kept.
/// </summary>
internal static class RemoveCommand
{
    private static readonly Argument<string[]> Names = new("name")
    {
        Description = "A model of 'locutor models list', or the path of a bundle.json of your own.",
        Arity = ArgumentArity.OneOrMore,
        HelpName = "name",
        CompletionSources = { RequestOptions.ModelNames },
    };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Delete without asking." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print what would be deleted, and delete nothing." };

    public static Command Create(Option<string?> store, Func<ParseResult, ModelStore> open)
    {
        var command = new Command("rm", "Delete the files of a model.") { Names, Yes, DryRun, store };
        command.SetAction(parsed => Remove(
            open(parsed), parsed.GetRequiredValue(Names), parsed.GetValue(Yes), parsed.GetValue(DryRun),
            parsed.InvocationConfiguration.Output));
        return command;
    }

    private static int Remove(ModelStore store, string[] names, bool yes, bool dryRun, TextWriter output)
    {
        ResolvedBundle[] models = [.. names.Select(name => ModelsCommand.Find(name, store.Folder))];
        ResolvedBundle[] others =
        [
            .. BundleCatalogue.Default(store.Folder).All()
                .Where(other => models.All(model => model.Bundle.Name != other.Bundle.Name) && other.CanRun(other.DefaultAdapters))
        ];
        var prepared = new PreparedFiles(store);
        IReadOnlyList<(string Path, long Bytes)> Delete(bool dry) => store.Remove(
            FilesOf(store, models), models.SelectMany(model => prepared.PathsOf(model.Bundle)), FilesOf(store, others),
            others.SelectMany(other => prepared.PathsOf(other.Bundle)), dry);

        var found = Delete(dry: true);
        foreach (var (path, bytes) in found) output.WriteLine($"{ModelsListCommand.Size(bytes),10}  {path}");
        string what = $"{found.Count} files, {ModelsListCommand.Size(found.Sum(file => file.Bytes))}";
        if (dryRun || found.Count == 0)
        {
            output.WriteLine($"{what} {(dryRun ? "would be deleted" : "to delete")}");
            return ExitCodes.Success;
        }

        if (!yes && !Terminal.MayDelete(what)) throw new CommandException(ExitCodes.Usage, "nothing was deleted");
        Delete(dry: false);
        output.WriteLine($"{what} deleted");
        return ExitCodes.Success;
    }

    private static IEnumerable<BundleFile> FilesOf(ModelStore store, IEnumerable<ResolvedBundle> models) =>
        models.SelectMany(model => model.Bundle.Files()).SelectMany(file => store.WithShards(file.File));
}
