using System.Globalization;
using Locutor.Networks.Layers;
using Locutor.Networks.Tokenizer;
using Locutor.Networks.UmT5;
using Locutor.Training.Motion;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Training.Stages;

/// <summary>
/// Trains a SentencePiece model on prompts (with <c>spm_train</c> of the Debian package sentencepiece) and the text encoder, which learns
/// to recognise the mood that a prompt asks for. A CPU is fast enough. The stage runs before the others, on a machine with
/// <c>spm_train</c>.
/// </summary>
public sealed class TextStage(TrainingRun run)
{
    private const int PromptsPerMood = 160, Batch = 32;

    /// <summary>Writes <c>tokenizer.model</c> and <c>text.safetensors</c> into the output and work folders.</summary>
    public bool Train(SketchNetworks networks, StageOptions options)
    {
        var prompts = PromptPhrases.All(PromptsPerMood, 1);
        string model = run.InWork("tokenizer.model");
        if (!File.Exists(model)) TrainTokenizer([.. prompts.Select(p => p.Text)], model, networks.Text.Vocabulary, run.Seed);
        if (run.Work != run.Output) File.Copy(model, run.InOutput("tokenizer.model"), true);
        var tokenizer = TextTokenizer.Open(model);
        var (network, parameters) = FlatParameters.For(w => new MoodClassifier(w, networks.Text), float32, CPU, run.Seed);
        using var trainer = new StageTrainer(run with { Device = CPU }, options, parameters);
        var random = new Random(run.Seed + (int)trainer.Steps);
        trainer.Train(
            _ => Step(network, [.. Enumerable.Range(0, Batch).Select(i => (PromptPhrases.Next(i % 4, random), i % 4))], tokenizer));
        if (!trainer.IsDone) return false;
        trainer.WithAverage(() => Export(network, parameters, trainer.Average, tokenizer));
        return true;
    }

    /// <summary>Computes the token ids and the mask of prompts, padded to the longest prompt: [B, L] each, int64.</summary>
    public static (Tensor Ids, Tensor Mask) Tokenize(IReadOnlyList<string> prompts, TextTokenizer tokenizer, int longest, Device device)
    {
        int[][] ids = [.. prompts.Select(p => tokenizer.Encode(p, longest))];
        int length = ids.Max(i => i.Length);
        long[] padded =
        [
            .. ids.SelectMany(i => i.Select(id => (long)id).Concat(Enumerable.Repeat((long)tokenizer.PadId, length - i.Length)))
        ];
        long[] mask = [.. ids.SelectMany(i => Enumerable.Repeat(1L, i.Length).Concat(Enumerable.Repeat(0L, length - i.Length)))];
        return (tensor(padded, device: device).view(ids.Length, length), tensor(mask, device: device).view(ids.Length, length));
    }

    private static List<(string, Tensor)> Step(MoodClassifier network, List<(string Text, int Mood)> batch, TextTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        string[] texts =
        [
            .. batch.Select((b, i) => i % 3 == 0 && b.Text.Length > 0 ? char.ToUpperInvariant(b.Text[0]) + b.Text[1..] : b.Text)
        ];
        var (ids, mask) = Tokenize(texts, tokenizer, 24, CPU);
        var wanted = tensor(batch.Select(b => (long)b.Mood).ToArray());
        var loss = cross_entropy(network.Forward(ids, mask), wanted, label_smoothing: 0.05);
        loss.backward();
        return [("loss", loss.detach().MoveToOuterDisposeScope())];
    }

    private void Export(MoodClassifier network, FlatParameters parameters, Tensor values, TextTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        var random = new Random(4711);
        (string Text, int Mood)[] asked =
        [
            .. Enumerable.Range(0, 200).Select(i => (PromptPhrases.Next(i % 4, random), i % 4)).Where(p => p.Item1.Length > 0)
        ];
        var (ids, mask) = Tokenize([.. asked.Select(a => a.Text)], tokenizer, 24, CPU);
        long[] predicted = [.. network.Forward(ids, mask).argmax(1).data<long>()];
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"text: mood recognised in {asked.Zip(predicted).Count(p => p.First.Mood == p.Second)} of {asked.Length} prompts"));
        var kept = parameters.Keys.Where(k => !k.StartsWith("mood.", StringComparison.Ordinal))
            .ToDictionary(k => k, k => parameters.Part(values, k).to(bfloat16));
        TensorFile.Save(run.InWork("text.safetensors"), kept);
        TensorFile.Save(run.InOutput("text.safetensors"), kept);
    }

    private static void TrainTokenizer(string[] prompts, string model, int vocabulary, int seed)
    {
        string corpus = Path.ChangeExtension(model, ".txt"), prefix = Path.ChangeExtension(model, null);
        var random = new Random(seed);
        File.WriteAllLines(
            corpus,
            Enumerable.Range(0, 4000).Select(i => PromptPhrases.Next(i % 4, random)).Concat(prompts)
                .Concat(prompts.Select(p => char.ToUpperInvariant(p[0]) + p[1..])).Where(t => t.Length > 0));
        string[] arguments =
        [
            $"--input={corpus}", $"--model_prefix={prefix}", $"--vocab_size={vocabulary}", "--model_type=unigram", "--byte_fallback=true",
            "--character_coverage=1.0",
            "--pad_id=0", "--eos_id=1", "--unk_id=2", "--bos_id=-1", "--hard_vocab_limit=false", "--num_threads=1", "--minloglevel=2",
        ];
        try
        {
            InstalledProgram.Run("spm_train", "sentencepiece", arguments);
        }
        finally
        {
            File.Delete(corpus);
            File.Delete(prefix + ".vocab");
        }
    }

    private sealed class MoodClassifier(Weights weights, UmT5Config config)
    {
        private readonly UmT5Encoder encoder = new(weights, config);
        private readonly Linear mood = new(weights["mood"], config.Width, PromptPhrases.Moods.Count);

        public Tensor Forward(Tensor ids, Tensor mask)
        {
            using var scope = NewDisposeScope();
            var there = mask.unsqueeze(-1).to(float32);
            var mean = (encoder.Forward(ids, mask) * there).sum(1) / there.sum(1);
            return mood.Forward(mean).MoveToOuterDisposeScope();
        }
    }
}
