using System.Buffers.Binary;
using System.Text;
using Locutor.Checkpoints;

namespace Locutor.Networks.Tokenizer;

/// <summary>
/// Normalises text as SentencePiece does: first the compiled rules of the model (a Darts double array whose values point into a pool of
/// NUL-terminated strings), then spaces.
/// </summary>
internal sealed class Normalizer
{
    private readonly SentencePieceModel model;
    private readonly PieceTrie? userDefined;
    private readonly uint[] units = [];
    private readonly byte[] pool = [];

    /// <param name="model">Model with rules and switches.</param>
    /// <param name="userDefined">Pieces that no rule changes.</param>
    public Normalizer(SentencePieceModel model, PieceTrie? userDefined)
    {
        this.model = model;
        this.userDefined = userDefined;
        if (model.Charsmap.Length == 0) return;
        uint size = model.Charsmap.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(model.Charsmap) : uint.MaxValue;
        if (size > model.Charsmap.Length - 4 || size % 4 != 0)
        {
            throw new CheckpointException(
                $"normalisation rules: expected a trie within {model.Charsmap.Length} bytes, found a length of {size}");
        }

        units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(model.Charsmap.AsSpan(4 + 4 * i));
        pool = model.Charsmap[(4 + (int)size)..];
    }

    public static ReadOnlySpan<byte> Space => "\u2581"u8;

    public byte[] Normalize(ReadOnlySpan<byte> text)
    {
        while (model.RemoveExtraSpaces && !text.IsEmpty && Prefix(text, out int length) is [(byte)' ']) text = text[length..];
        if (text.IsEmpty) return [];
        var space = model.EscapeSpaces ? Space : " "u8;
        var output = new List<byte>(text.Length * 2);
        if (model.DummyPrefix && !model.SpaceAsSuffix) output.AddRange(space);
        bool afterSpace = model.RemoveExtraSpaces;
        while (!text.IsEmpty)
        {
            var piece = Prefix(text, out int length);
            while (afterSpace && piece is [(byte)' ', ..]) piece = piece[1..];
            foreach (byte unit in piece)
            {
                if (unit == ' ') output.AddRange(space);
                else output.Add(unit);
            }
            if (!piece.IsEmpty) afterSpace = piece[^1] == ' ';
            if (!model.RemoveExtraSpaces) afterSpace = false;
            text = text[length..];
        }
        if (model.RemoveExtraSpaces)
        {
            while (output.Count >= space.Length && System.Runtime.InteropServices.CollectionsMarshal.AsSpan(output).EndsWith(space))
                output.RemoveRange(output.Count - space.Length, space.Length);
        }

        if (model.DummyPrefix && model.SpaceAsSuffix) output.AddRange(space);
        return [.. output];
    }

    /// <summary>Applies the longest rule that matches the beginning; without one, returns the first character.</summary>
    private ReadOnlySpan<byte> Prefix(ReadOnlySpan<byte> text, out int length)
    {
        if (LongestUserDefined(text) is > 0 and var kept) return text[..(length = kept)];
        var (matched, value) = LongestRule(text);
        if (matched > 0)
        {
            length = matched;
            if (value >= pool.Length)
                throw new CheckpointException($"normalisation rules: expected a place under {pool.Length}, found {value}");
            var result = pool.AsSpan(value);
            return result.IndexOf((byte)0) is >= 0 and var end ? result[..end] : result;
        }
        if (Rune.DecodeFromUtf8(text, out _, out length) == System.Buffers.OperationStatus.Done) return text[..length];
        length = 1;
        return "\ufffd"u8;
    }

    private int LongestUserDefined(ReadOnlySpan<byte> text)
    {
        if (userDefined is null) return 0;
        int longest = 0;
        for (int i = 0, node = 0; i < text.Length && (node = userDefined.Step(node, text[i])) >= 0; i++)
            if (userDefined.Value(node) >= 0) longest = i + 1;
        return longest;
    }

    /// <summary>Searches the longest prefix as Darts-clone does; a unit outside of the array ends the search.</summary>
    private (int Length, int Value) LongestRule(ReadOnlySpan<byte> text)
    {
        if (units.Length == 0) return (0, 0);
        (int Length, int Value) longest = (0, 0);
        uint place = Offset(units[0]);
        for (int i = 0; i < text.Length; i++)
        {
            place ^= text[i];
            if (place >= units.Length) break;
            uint unit = units[place];
            if ((unit & (1u << 31 | 0xff)) != text[i]) break;
            place ^= Offset(unit);
            bool hasLeaf = (unit >> 8 & 1) == 1;
            if (hasLeaf && place < units.Length) longest = (i + 1, (int)(units[place] & int.MaxValue));
        }
        return longest;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 1 << 9) >> 6);
}
