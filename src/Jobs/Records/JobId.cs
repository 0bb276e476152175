using System.Buffers;
using System.Security.Cryptography;

namespace Locutor.Jobs.Records;

/// <summary>The name of a job: <c>fc-</c> and 26 letters and digits (154 random bits), safe in a URL and as a file name.</summary>
public static class JobId
{
    private const string Prefix = "fc-";
    private const int Characters = 26;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    /// <summary>A fresh identifier from the system's random generator.</summary>
    public static string New() => Prefix + RandomNumberGenerator.GetString(Alphabet, Characters);

    /// <summary>Whether <paramref name="text"/> has the exact shape of an identifier; nothing else ever reaches a grain or a path.</summary>
    public static bool IsValid(string? text) =>
        text is { Length: 29 } && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(3).IndexOfAnyExcept(Allowed) < 0;
}
