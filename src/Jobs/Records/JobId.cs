using System.Buffers;
using System.Security.Cryptography;

namespace Locutor.Jobs.Records;

/// <summary>
/// The identifier of a job: <c>fc-</c> and 26 letters and digits (154 random bits). It is safe in a URL and as a file name.
/// </summary>
public static class JobId
{
    private const string Prefix = "fc-";
    private const int Characters = 26;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    /// <summary>Creates an identifier with the random generator of the operating system.</summary>
    public static string New() => Prefix + RandomNumberGenerator.GetString(Alphabet, Characters);

    /// <summary>
    /// Returns whether <paramref name="text"/> has the exact form of an identifier. No other text is used as a grain key or in a path.
    /// </summary>
    public static bool IsValid(string? text) =>
        text is { Length: 29 } && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(3).IndexOfAnyExcept(Allowed) < 0;
}
