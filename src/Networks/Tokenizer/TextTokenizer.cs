using Locutor.Checkpoints;

namespace Locutor.Networks.Tokenizer;

/// <summary>Converts prompts to token ids for umT5: it cleans and segments the text, limits its length and appends the end token.</summary>
public sealed class TextTokenizer
{
    private static readonly string[] ModelNames = ["spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "sentencepiece.model"];
    private readonly UnigramTokenizer tokenizer;

    private TextTokenizer(UnigramTokenizer tokenizer) => this.tokenizer = tokenizer;

    public int PadId => tokenizer.PadId;

    public int EndId => tokenizer.EndId;

    public int VocabularySize => tokenizer.VocabularySize;

    /// <summary>Loads a tokenizer.</summary>
    /// <param name="path">A SentencePiece model, or a folder such as <c>google/umt5-xxl</c> that holds a <c>spiece.model</c>.</param>
    /// <exception cref="CheckpointException">The file is missing or damaged, or has no end or padding token.</exception>
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

    /// <summary>Returns the ids of a prompt, without padding. The last one is <see cref="EndId"/>.</summary>
    /// <param name="prompt">Any text; an empty one gives the end token only.</param>
    /// <param name="longest">Largest number of ids, 1 or more; longer prompts are cut before the end token.</param>
    public int[] Encode(string prompt, int longest = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, 1);
        int[] ids = tokenizer.Encode(PromptCleaning.Clean(prompt));
        return [.. ids.AsSpan(0, Math.Min(ids.Length, longest - 1)), EndId];
    }
}
