using System.Text;
using Locutor.Checkpoints;

namespace Locutor.Networks.Tokenizer;

/// <summary>
/// Segments text with SentencePiece's unigram model (Kudo, arXiv:1804.10959): Viterbi over the bytes of the normalised text finds the most
/// likely sequence of pieces. The ids equal those of <c>spm_encode</c>.
/// </summary>
public sealed class UnigramTokenizer
{
    private const float UnknownPenalty = 10;
    private readonly SentencePieceModel model;
    private readonly Normalizer normalizer;
    private readonly PieceTrie trie;
    private readonly double[] scores;
    private readonly int[] byteIds = new int[256];
    private readonly float unknownScore;

    private UnigramTokenizer(SentencePieceModel model)
    {
        this.model = model;
        UnknownId = model.Pieces.FindIndex(p => p.Kind == PieceKind.Unknown) is >= 0 and var unknown
            ? unknown
            : throw new CheckpointException("expected a piece of type unknown, found none");
        EndId = model.Pieces.FindIndex(p => p.Kind == PieceKind.Control && p.Bytes.AsSpan().SequenceEqual("</s>"u8));
        PadId = model.Pieces.FindIndex(p => p.Kind == PieceKind.Control && p.Bytes.AsSpan().SequenceEqual("<pad>"u8));
        var searched = new List<(byte[] Bytes, int Value)>();
        var user = new List<(byte[] Bytes, int Value)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        // SentencePiece starts the search for the highest score at the smallest positive number, so that user-defined pieces get a score
        // near 0.
        float lowest = float.MaxValue, highest = 1.17549435e-38f;
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            var piece = model.Pieces[id];
            if (piece.Bytes.Length == 0 || !seen.Add(Encoding.Latin1.GetString(piece.Bytes)))
                throw new CheckpointException($"piece {id}: expected a text of its own, found {Encoding.UTF8.GetString(piece.Bytes)}");
            if (piece.Kind is PieceKind.Normal or PieceKind.UserDefined) searched.Add((piece.Bytes, id));
            if (piece.Kind == PieceKind.UserDefined) user.Add((piece.Bytes, id));
            if (piece.Kind == PieceKind.Normal) (lowest, highest) = (Math.Min(lowest, piece.Score), Math.Max(highest, piece.Score));
        }
        trie = new PieceTrie(searched);
        scores = [.. model.Pieces.Select(p => p.Kind == PieceKind.UserDefined ? p.Bytes.Length * highest - 0.1 : p.Score)];
        unknownScore = lowest - UnknownPenalty;
        normalizer = new Normalizer(model, user.Count > 0 ? new PieceTrie(user) : null);
        if (model.ByteFallback) FindBytes();
    }

    /// <summary>Number of pieces; all ids are smaller.</summary>
    public int VocabularySize => model.Pieces.Count;

    public int UnknownId { get; }

    /// <summary>Id of <c>&lt;/s&gt;</c>, 1 for T5; -1 if the model has none.</summary>
    public int EndId { get; }

    /// <summary>Id of <c>&lt;pad&gt;</c>, 0 for T5; -1 if the model has none.</summary>
    public int PadId { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="path">A <c>.model</c> file.</param>
    /// <exception cref="CheckpointException">The file is missing or damaged, or is not a unigram model.</exception>
    public static UnigramTokenizer Open(string path)
    {
        try
        {
            return new UnigramTokenizer(SentencePieceModel.Read(path));
        }
        catch (CheckpointException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new CheckpointException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Returns the ids of a text, without an end token. A run of unknown characters is one id, or its bytes if the model has bytes.
    /// </summary>
    public int[] Encode(string text)
    {
        byte[] normalized = normalizer.Normalize(Encoding.UTF8.GetBytes(text));
        var ids = new List<int>();
        bool afterUnknown = false;
        foreach (var (start, end, id) in BestPath(normalized))
        {
            bool unknown = id == UnknownId;
            if (unknown && model.ByteFallback) for (int i = start; i < end; i++) ids.Add(byteIds[normalized[i]]);
            else if (!unknown || !afterUnknown) ids.Add(id);
            afterUnknown = unknown;
        }
        return [.. ids];
    }

    private List<(int Start, int End, int Id)> BestPath(byte[] text)
    {
        var best = new (float Score, int Start, int Id)[text.Length + 1];
        for (int i = 1; i < best.Length; i++) best[i].Start = -1;
        for (int start = 0; start < text.Length;)
        {
            int character = Math.Min(Utf8Length(text[start]), text.Length - start);
            float before = best[start].Score;
            bool single = false;
            for (int end = start, node = 0; end < text.Length && (node = trie.Step(node, text[end])) >= 0; end++)
            {
                int id = trie.Value(node);
                if (id < 0) continue;
                Offer(ref best[end + 1], scores[id] + before, start, id);
                single |= end + 1 - start == character;
            }
            if (!single) Offer(ref best[start + character], unknownScore + before, start, UnknownId);
            start += character;
        }
        var path = new List<(int, int, int)>();
        for (int end = text.Length; end > 0; end = best[end].Start) path.Add((best[end].Start, end, best[end].Id));
        path.Reverse();
        return path;
    }

    /// <summary>
    /// Compares scores in double precision and stores them in single precision, as SentencePiece does, so that ties are resolved in the
    /// same way.
    /// </summary>
    private static void Offer(ref (float Score, int Start, int Id) node, double score, int start, int id)
    {
        if (node.Start == -1 || score > node.Score) node = ((float)score, start, id);
    }

    private static int Utf8Length(byte first) => first switch { < 0xc0 => 1, < 0xe0 => 2, < 0xf0 => 3, _ => 4 };

    private void FindBytes()
    {
        Array.Fill(byteIds, -1);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind != PieceKind.Byte) continue;
            string name = Encoding.Latin1.GetString(model.Pieces[id].Bytes);
            if (name.Length == 6 && name.StartsWith("<0x", StringComparison.Ordinal)
                && byte.TryParse(name.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte value))
            {
                byteIds[value] = id;
            }
        }
        int missing = Array.IndexOf(byteIds, -1);
        if (missing >= 0) throw new CheckpointException($"expected a piece <0x{missing:X2}> for byte fallback, found none");
    }
}
