using Locutor.Checkpoints;
using Locutor.Networks.Tokenizer;

namespace Locutor.Networks.Tests.Tokenizer;

public sealed class UnigramTokenizerTests(TrainedModels models) : IClassFixture<TrainedModels>
{
    public static TheoryData<string> Kinds => TrainedModels.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ids_are_those_of_spm_encode(string kind)
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        string[] corpus = [.. RandomText.Corpus(new Random(TrainedModels.Seed), 500)];
        string[] lines =
        [
            "", " ", "   a  b   ", "\u2581", "\u3000x\u3000", .. Enumerable.Range(0, 3000).Select(_ => RandomText.Line(random, corpus))
        ];
        var tokenizer = UnigramTokenizer.Open(models.Model(kind));

        int[][] expected = TrainedModels.Encode(models.Model(kind), lines);

        for (int i = 0; i < lines.Length; i++)
        {
            int[] found = tokenizer.Encode(lines[i]);
            if (found.AsSpan().SequenceEqual(expected[i])) continue;
            found.ShouldBe(expected[i], $"seed {seed}, line {i}: {string.Join(' ', lines[i].Select(c => $"{(int)c:x4}"))}");
        }

        expected.Count(ids => ids.Length > 5).ShouldBeGreaterThan(1500);
    }

    [Fact]
    public void A_prompt_ends_with_the_end_mark_and_is_cut_before_it()
    {
        var tokenizer = TextTokenizer.Open(models.Model("T5"));
        string text = string.Join(' ', RandomText.Corpus(new Random(5), 200));
        int[] whole = UnigramTokenizer.Open(models.Model("T5")).Encode(text);
        whole.Length.ShouldBeGreaterThan(512);

        tokenizer.Encode(text).ShouldBe([.. whole[..511], 1]);
        tokenizer.Encode(text, whole.Length + 1).ShouldBe([.. whole, 1]);
        tokenizer.Encode(text, 1).ShouldBe([1]);
        tokenizer.Encode("").ShouldBe([1]);
        tokenizer.PadId.ShouldBe(0);
    }

    [Fact]
    public void A_folder_of_the_published_layout_is_opened_by_its_model()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-umt5-").FullName;
        Should.Throw<CheckpointException>(() => TextTokenizer.Open(folder)).Message.ShouldContain("spiece.model");
        File.Copy(models.Model("T5"), Path.Combine(folder, "spiece.model"));

        TextTokenizer.Open(folder).Encode("ein")[^1].ShouldBe(1);
        Directory.Delete(folder, true);
    }

    [Fact]
    public void A_model_without_padding_is_refused_for_prompts() =>
        Should.Throw<CheckpointException>(() => TextTokenizer.Open(models.Model("identity"))).Message.ShouldContain("<pad>");

    [Fact]
    public void Broken_models_are_refused_or_still_work_but_never_crash()
    {
        int seed = TestSeed.Value;
        var random = new Random(seed);
        byte[] good = File.ReadAllBytes(models.Model("T5 without bytes"));
        string path = Path.GetTempFileName();
        for (int i = 0; i < 300; i++)
        {
            byte[] bad = random.Next(4) == 0 ? good[..random.Next(good.Length)] : (byte[])good.Clone();
            for (int n = random.Next(1, 20); n > 0 && bad.Length > 0; n--)
                bad[random.Next(random.Next(4) == 0 ? bad.Length : Math.Min(bad.Length, 4000))] = (byte)random.Next(256);
            File.WriteAllBytes(path, bad);
            try
            {
                UnigramTokenizer.Open(path).Encode("Grüße, ＡＢＣ 你好 \ud83d\ude00 ﬁn");
            }
            catch (CheckpointException e)
            {
                e.Message.Length.ShouldBeGreaterThan(20, $"seed {seed}, round {i}");
            }
        }
        File.Delete(path);
    }
}
