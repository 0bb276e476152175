using System.Diagnostics;
using System.Text;

namespace Locutor.Networks.Tests.Tokenizer;

/// <summary>SentencePiece models of several kinds, trained by spm_train on random text when the tests start.</summary>
public sealed class TrainedModels : IDisposable
{
    public const int Seed = 20261122;
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-spm-").FullName;
    private readonly Dictionary<string, string> trained = [];

    private static readonly Dictionary<string, string> Options = new()
    {
        ["T5"] = "--pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --byte_fallback=true --normalization_rule_name=nmt_nfkc --vocab_size=900",
        ["T5 without bytes"] = "--pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 --normalization_rule_name=nmt_nfkc --vocab_size=500",
        ["identity"] = "--normalization_rule_name=identity --vocab_size=500",
        ["spaces kept"] =
            "--normalization_rule_name=nfkc --remove_extra_whitespaces=false --vocab_size=500 " +
            "--user_defined_symbols=<extra_0>,ein,\u2581\u2581",
        ["suffix"] = "--normalization_rule_name=nmt_nfkc_cf --treat_whitespace_as_suffix=true --byte_fallback=true --vocab_size=800",
        ["no dummy prefix"] = "--add_dummy_prefix=false --split_by_whitespace=false --vocab_size=500",
    };

    public static TheoryData<string> Kinds => [.. Options.Keys];

    public string Model(string kind)
    {
        lock (trained)
        {
            if (trained.TryGetValue(kind, out string? path)) return path;
            string corpus = Path.Combine(folder, "corpus.txt"), prefix = Path.Combine(folder, $"m{trained.Count}");
            if (!File.Exists(corpus)) File.WriteAllLines(corpus, RandomText.Corpus(new Random(Seed), 3000));
            Run(
                "spm_train",
                $"--input={corpus} --model_prefix={prefix} --hard_vocab_limit=false --character_coverage=0.995 --num_threads=2 " +
                $"--minloglevel=1 {Options[kind]}",
                "");
            return trained[kind] = prefix + ".model";
        }
    }

    /// <summary>Returns the output of spm_encode for lines, none of which contains a line feed.</summary>
    public static int[][] Encode(string model, IReadOnlyList<string> lines) =>
        [
            .. Run("spm_encode", $"--model={model} --output_format=id", string.Concat(lines.Select(l => l + "\n"))).Split('\n')
                .Take(lines.Count) .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray())
        ];

    private static string Run(string program, string arguments, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program} {arguments}: {errors.Result}");
        return output.Result;
    }

    public void Dispose() => Directory.Delete(folder, true);
}

internal static class RandomText
{
    /// <summary>
    /// Ranges of code points by script, with difficult cases for a tokenizer: marks, joiners, spaces, controls, surrogate pairs.
    /// </summary>
    private static readonly (int From, int To)[] Scripts =
    [
        ('a', 'z'), ('A', 'Z'), ('0', '9'), (0xc0, 0x17f), (0x391, 0x3c9), (0x410, 0x44f), (0x5d0, 0x5ea), (0x627, 0x64a), (0x905, 0x939),
        (0xe01, 0xe2e), (0x3041, 0x3096), (0x30a1, 0x30fa), (0x4e00, 0x4fff), (0xac00, 0xacff),
    ];

    private static readonly (int From, int To)[] Odd =
    [
        (0x300, 0x36f), (0x1f300, 0x1f64f), (0x200b, 0x200f), (0x2000, 0x200a), (0, 9), (0x0b, 0x1f), (0x7f, 0xa0), (0xff01, 0xff5e),
        (0x2580, 0x2583),
        (0xfb00, 0xfb06), (0x2460, 0x2473), (0xd800, 0xdfff), (0xe000, 0xe010), (0xfff0, 0xffff), (0x20000, 0x20010), (0x1100, 0x1112),
        (0x3000, 0x3000), (' ', '/'),
    ];

    public static IEnumerable<string> Corpus(Random random, int lines)
    {
        string[] words =
        [
            .. Enumerable.Range(0, 400).Select(_ => Word(random, Scripts[random.Next(random.Next(Scripts.Length) + 1)], random.Next(1, 8)))
        ];
        for (int i = 0; i < lines; i++)
        {
            yield return string.Join(
                ' ', Enumerable.Range(0, random.Next(4, 15)).Select(_ => words[(int)(words.Length * Math.Pow(random.NextDouble(), 2))]));
        }
    }

    /// <summary>A mixture of known words, new words, odd characters and long runs; without line feeds.</summary>
    public static string Line(Random random, string[] corpus)
    {
        var text = new StringBuilder();
        for (int i = random.Next(0, 12); i > 0; i--)
        {
            switch (random.Next(7))
            {
                case 0 or 1: text.Append(corpus[random.Next(corpus.Length)].AsSpan()[..random.Next(1, 8)]); break;
                case 2: text.Append(Word(random, Scripts[random.Next(Scripts.Length)], random.Next(1, 9))); break;
                case 3: text.Append(Word(random, Odd[random.Next(Odd.Length)], random.Next(1, 5))); break;
                case 4: text.Append(' ', random.Next(1, 4)); break;
                case 5: text.Append(random.Next(2) == 0 ? "<extra_0>" : "</s>"); break;
                default: text.Insert(random.Next(text.Length + 1), Word(random, Odd[random.Next(Odd.Length)], 1)); break;
            }
        }
        if (random.Next(60) == 0) text.Append(text.Length > 0 ? text[0] : 'x', random.Next(500, 3000));
        return text.Replace("\n", "").ToString();
    }

    private static string Word(Random random, (int From, int To) range, int length)
    {
        var word = new StringBuilder();
        for (int i = 0; i < length; i++)
        {
            int code = random.Next(range.From, range.To + 1);
            if (code is >= 0xd800 and <= 0xdfff) word.Append((char)code);
            else word.Append(char.ConvertFromUtf32(code));
        }
        return word.ToString();
    }
}
