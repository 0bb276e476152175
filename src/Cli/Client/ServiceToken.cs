using Locutor.Files;

namespace Locutor.Cli.Client;

/// <summary>
/// Finds the token for a service: in <c>LOCUTOR_TOKEN</c>, in the file of <c>--token-file</c> or <c>LOCUTOR_TOKEN_FILE</c>, or in the
/// user's folder of settings. It is never a part of the command line, which other users of the machine can read.
/// </summary>
internal static class ServiceToken
{
    private const string Variable = "LOCUTOR_TOKEN", FileVariable = "LOCUTOR_TOKEN_FILE";

    /// <summary>The file that is read when no other is named.</summary>
    public static string UsualPath => UserFolder.File("token");

    /// <summary>Returns the token as KEY.SECRET; null if there is none.</summary>
    /// <exception cref="CommandException">The file cannot be read, or has no token.</exception>
    public static string? Find(string? file)
    {
        if (file is null && Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } token) return token;
        string? named = file ?? Environment.GetEnvironmentVariable(FileVariable);
        if (named is not { Length: > 0 } && !File.Exists(UsualPath)) return null;
        string path = named is { Length: > 0 } ? named : UsualPath;
        try
        {
            return Parse(File.ReadAllText(path))
                ?? throw new CommandException(ExitCodes.Usage, $"{path}: expected KEY.SECRET or the output of 'locutor tokens create'");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"{path}: {FileFault.Describe(failure)}", failure);
        }
    }

    /// <summary>Reads KEY.SECRET, or the two lines that <c>locutor tokens create</c> prints.</summary>
    internal static string? Parse(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string? Header(string name) => lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            ?[(name.Length + 1)..].Trim();
        return Header("Modal-Key") is { } key && Header("Modal-Secret") is { } secret ? $"{key}.{secret}"
            : lines is [var line] && line.Contains('.', StringComparison.Ordinal) && !line.Contains(' ', StringComparison.Ordinal) ? line
            : null;
    }
}
