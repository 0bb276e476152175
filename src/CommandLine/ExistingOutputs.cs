namespace Locutor.CommandLine;

/// <summary>The ways to treat an output that exists already.</summary>
public enum ExistingOutput
{
    /// <summary>A person is asked; without a terminal it is refused.</summary>
    Ask,

    /// <summary>It is replaced (<c>-y</c>).</summary>
    Replace,

    /// <summary>It is kept (<c>-n</c>).</summary>
    Keep,
}

/// <summary>Protects outputs that exist already.</summary>
public static class ExistingOutputs
{
    /// <summary>Checks before any work that one output can be written and may be replaced.</summary>
    /// <param name="path">The file that will be written.</param>
    /// <param name="replace">Whether the command line has <c>-y</c>.</param>
    /// <exception cref="CommandException">The file cannot be written, or it exists and must not be replaced.</exception>
    public static void Check(string path, bool replace)
    {
        WritablePath.Check(path);
        if (!MayWrite([path], replace ? ExistingOutput.Replace : ExistingOutput.Ask))
            throw new CommandException(ExitCodes.BadOutput, Kept([path]));
    }

    /// <summary>Decides whether outputs may be replaced.</summary>
    /// <param name="paths">The files that will be written.</param>
    /// <param name="choice">The choice on the command line.</param>
    /// <param name="canKeep">Whether the command has the option <c>-n</c>.</param>
    /// <returns>False if an output exists and must not be replaced.</returns>
    /// <exception cref="CommandException">An output exists, and the user cannot be asked: the input is not a terminal.</exception>
    public static bool MayWrite(IEnumerable<string> paths, ExistingOutput choice, bool canKeep = false) =>
        MayWrite(paths, choice, Terminal.CanAsk ? Terminal.Ask : null, canKeep);

    /// <inheritdoc cref="MayWrite(IEnumerable{string}, ExistingOutput, bool)"/>
    /// <param name="paths">The files that will be written.</param>
    /// <param name="choice">The choice on the command line.</param>
    /// <param name="ask">Asks the user a question and returns the answer; null if there is no terminal.</param>
    /// <param name="canKeep">Whether the command has the option <c>-n</c>.</param>
    internal static bool MayWrite(IEnumerable<string> paths, ExistingOutput choice, Func<string, string?>? ask, bool canKeep = false)
    {
        string[] existing = Existing(paths);
        if (existing.Length == 0 || choice == ExistingOutput.Replace) return true;
        if (choice == ExistingOutput.Keep) return false;
        bool one = existing.Length == 1;
        string names = Names(existing);
        if (ask is null)
        {
            string them = one ? "it" : "them", ways = canKeep ? $"-y replaces, -n keeps {them}" : $"-y replaces {them}";
            throw new CommandException(ExitCodes.BadOutput, $"{names} {(one ? "exists" : "exist")} already; {ways}");
        }

        return Terminal.IsYes(ask($"{names} {(one ? "exists" : "exist")}. Replace? [y/N] "));
    }

    /// <summary>Returns a sentence about the outputs that exist and were not replaced; at least one of them exists.</summary>
    public static string Kept(IEnumerable<string> paths)
    {
        string[] existing = Existing(paths);
        return $"{Names(existing)} {(existing.Length == 1 ? "exists and was" : "exist and were")} not replaced";
    }

    private static string[] Existing(IEnumerable<string> paths) => [.. paths.Where(File.Exists).Distinct()];

    private static string Names(string[] existing) =>
        existing.Length <= 3 ? string.Join(", ", existing) : $"{existing.Length} files, such as {existing[0]},";
}
