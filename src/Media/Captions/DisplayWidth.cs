using System.Text;

namespace Locutor.Media.Captions;

/// <summary>The width of a text in columns: 2 for a character of East Asian scripts and for an emoji, 1 for any other.</summary>
internal static class DisplayWidth
{
    private static readonly (int First, int Last)[] Wide =
    [
        (0x1100, 0x115F), (0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F), (0xFF00, 0xFF60), (0xFFE0, 0xFFE6),
        (0x1F300, 0x1FAFF),
        (0x20000, 0x3FFFD),
    ];

    public static int Compute(ReadOnlySpan<char> text)
    {
        int width = 0;
        foreach (var rune in text.EnumerateRunes()) width += Compute(rune);
        return width;
    }

    public static int Compute(Rune rune) =>
        IsWide(rune.Value) ? 2 : Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark ? 0 : 1;

    public static bool IsWide(int value)
    {
        foreach (var (first, last) in Wide)
            if (value >= first && value <= last) return true;
        return false;
    }
}
