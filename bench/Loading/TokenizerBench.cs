using System.Diagnostics;
using Locutor.Networks.Tokenizer;

namespace Locutor.Loading.Bench;

/// <summary>Measures tokens per second on one thread, and the time to open a model.</summary>
internal static class TokenizerBench
{
    private const string Sample =
        "A woman in a red coat stands by the window and sings; the camera moves slowly closer. Une femme chante près de la fenêtre. " +
        "一位女士在窗边歌唱。";

    public static void Run(string model, string? textFile)
    {
        long start = Stopwatch.GetTimestamp();
        var tokenizer = UnigramTokenizer.Open(model);
        Console.WriteLine($"open {tokenizer.VocabularySize} pieces: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        string[] lines = textFile is null ? [Sample] : File.ReadAllLines(textFile);
        for (double warm = 0; warm < 0.5;) warm += Round(tokenizer, lines).Seconds;
        var (tokens, characters, seconds) = (0L, 0L, 0.0);
        while (seconds < 3)
        {
            var round = Round(tokenizer, lines);
            (tokens, characters, seconds) = (tokens + round.Tokens, characters + lines.Sum(l => l.Length), seconds + round.Seconds);
        }
        Console.WriteLine($"{tokens / seconds:N0} tokens/s, {characters / seconds:N0} characters/s");
    }

    private static (long Tokens, double Seconds) Round(UnigramTokenizer tokenizer, string[] lines)
    {
        long start = Stopwatch.GetTimestamp(), tokens = 0;
        foreach (string line in lines) tokens += tokenizer.Encode(line).Length;
        return (tokens, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
