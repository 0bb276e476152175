using System.Numerics;

namespace Locutor.Tests;

/// <summary>
/// Exact comparisons of arrays. Shouldly compares one element after the other as objects, which takes seconds for a few million elements;
/// the compiler prefers these methods because they are not generic.
/// </summary>
public static class ArrayAssertions
{
    private const int Shown = 8;

    /// <summary>Fails if an element or the length differs.</summary>
    public static void ShouldBe(this byte[]? actual, byte[]? expected, string? customMessage = null) =>
        Compare(actual, expected, customMessage);

    /// <summary>Fails if an element or the length differs; NaN equals NaN.</summary>
    public static void ShouldBe(this float[]? actual, float[]? expected, string? customMessage = null) =>
        Compare(actual, expected, customMessage);

    private static void Compare<T>(T[]? actual, T[]? expected, string? message)
        where T : INumber<T>
    {
        if (actual is null == expected is null && actual.AsSpan().SequenceEqual(expected)) return;
        int at = actual.AsSpan().CommonPrefixLength(expected);
        string why = message is null ? "" : $": {message}";
        throw new ShouldAssertException($"from element {at} on expected {Describe(expected, at)}, found {Describe(actual, at)}{why}");
    }

    private static string Describe<T>(T[]? values, int at)
    {
        if (values is null) return "null";
        string more = values.Length > at + Shown ? ", ..." : "";
        return $"[{string.Join(", ", values.Skip(at).Take(Shown))}{more}] ({values.Length} elements)";
    }
}
