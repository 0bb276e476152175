using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Locutor.Networks.Tokenizer;

/// <summary>
/// Cleans a prompt as in the training of the text encoder: HTML entities are decoded twice, white space is collapsed. Named entities are
/// those of HTML 4; wrongly decoded text (mojibake) is not repaired.
/// </summary>
public static partial class PromptCleaning
{
    /// <summary>Entities that HTML accepts without a semicolon, in addition to those of Latin-1.</summary>
    private static readonly HashSet<string> Bare = new(StringComparer.Ordinal) { "amp", "lt", "gt", "quot" };

    public static string Clean(string prompt) =>
        Spaces().Replace(Unescape(Unescape(prompt)), " ").Trim(' ', '\u001c', '\u001d', '\u001e', '\u001f');

    private static string Unescape(string text) => text.Contains('&', StringComparison.Ordinal) ? Entity().Replace(text, Resolve) : text;

    private static string Resolve(Match match)
    {
        string name = match.Groups["name"].Value;
        if (name.StartsWith('#')) return Number(name);
        if (name.EndsWith(';') && Named(name[..^1]) is { } whole) return whole;
        for (int length = Math.Min(name.Length, 6); length >= 2; length--)
        {
            string prefix = name[..length];
            if (Named(prefix) is { Length: 1 } value && (Bare.Contains(prefix) || value[0] is >= '\u00a0' and <= '\u00ff'))
                return value + name[length..];
        }
        return match.Value;
    }

    private static string? Named(string name)
    {
        string entity = $"&{name};", value = WebUtility.HtmlDecode(entity);
        return value == entity ? null : value;
    }

    /// <summary>
    /// Decodes a numeric entity by the rules of HTML: 0x80 to 0x9f are windows-1252, an invalid character becomes U+FFFD or nothing.
    /// </summary>
    private static string Number(string name)
    {
        string digits = name.TrimStart('#').TrimEnd(';');
        bool hexadecimal = digits[0] is 'x' or 'X';
        bool fits = hexadecimal
            ? uint.TryParse(digits.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            : uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out code);
        if (!fits || code is 0 or (>= 0xd800 and <= 0xdfff) or > 0x10ffff) return "\ufffd";
        if (code is >= 0x80 and <= 0x9f) return Windows1252[(int)code - 0x80].ToString();
        bool nothing = code is (>= 1 and <= 8) or 11 or (>= 14 and <= 31) or 127 or (>= 0xfdd0 and <= 0xfdef) || (code & 0xfffe) == 0xfffe;
        return nothing ? "" : new Rune(code).ToString();
    }

    private const string Windows1252 =
        "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
        "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

    [GeneratedRegex("&(?<name>#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)", RegexOptions.ExplicitCapture)]
    private static partial Regex Entity();

    /// <summary>Matches the White_Space of Unicode.</summary>
    [GeneratedRegex("[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")]
    private static partial Regex Spaces();
}
