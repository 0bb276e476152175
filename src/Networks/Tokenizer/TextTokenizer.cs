using Locutor.Checkpoints;

namespace Locutor.Networks.Tokenizer;

/// <summary>Prompts to ids in the T5 layout, as umT5 wants them: cleaned, segmented, closed with the end mark, cut to a length.</summary>
public sealed class TextTokenizer
{
    private static readonly string[] ModelNames = ["spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "sentencepiece.model"];
    private readonly UnigramTokenizer tokenizer;

    private TextTokenizer(UnigramTokenizer tokenizer) => this.tokenizer = tokenizer;

    public int PadId => tokenizer.PadId;

    public int EndId => tokenizer.EndId;

    public int VocabularySize => tokenizer.VocabularySize;

    /// <param name="path">A SentencePiece model, or a folder such as <c>google/umt5-xxl</c> that holds a <c>spiece.model</c>.</param>
    /// <exception cref="CheckpointException">Missing, broken, or without end and padding marks.</exception>
    public static TextTokenizer Open(string path)
    {
        if (Directory.Exists(path))
        {
            path = ModelNames.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
                ?? throw new CheckpointException($"{path}: expected a file {string.Join(" or ", ModelNames)} in the folder, found none");
        }
        var tokenizer = UnigramTokenizer.Open(path);
        return tokenizer is { EndId: >= 0, PadId: >= 0 }
            ? new TextTokenizer(tokenizer)
            : throw new CheckpointException($"{path}: expected pieces </s> and <pad>, found ids {tokenizer.EndId} and {tokenizer.PadId}");
    }

    /// <summary>Ids of a prompt, the last of them <see cref="EndId"/>; not padded.</summary>
    /// <param name="prompt">Any text; empty gives the end mark alone.</param>
    /// <param name="longest">Most ids, 1 or more; longer prompts are cut before the end mark.</param>
    public int[] Encode(string prompt, int longest = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, 1);
        int[] ids = tokenizer.Encode(PromptCleaning.Clean(prompt));
        return [.. ids.AsSpan(0, Math.Min(ids.Length, longest - 1)), EndId];
    }
}
