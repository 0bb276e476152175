using System.Runtime.InteropServices;
using System.Text.Json;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Training.Speech;

/// <summary>One spoken sentence of a corpus.</summary>
/// <param name="Samples">The samples at 16 kHz, from -1 to 1.</param>
/// <param name="Mouth">The motion of the speaker's mouth.</param>
/// <param name="Phonemes">The phonemes, with their starts in samples at 16 kHz.</param>
/// <param name="Voice">The number of the voice.</param>
/// <param name="ForEvaluation">
/// Whether the sentence is for the evaluation. Then neither its voice nor its text is in the training part.
/// </param>
public sealed record Utterance(float[] Samples, MouthTrack Mouth, IReadOnlyList<SpokenPhoneme> Phonemes, int Voice, bool ForEvaluation)
{
    public double Seconds => (double)Samples.Length / SpeechCorpus.SampleRate;
}

/// <summary>Spoken sentences with exact phoneme times, stored in a safetensors file of 0.63 megabytes per minute.</summary>
public sealed class SpeechCorpus
{
    public const int SampleRate = 16000;
    private const int Longest = 60 * SampleRate;

    private SpeechCorpus(IReadOnlyList<Utterance> utterances)
    {
        Training = [.. utterances.Where(u => !u.ForEvaluation)];
        Evaluation = [.. utterances.Where(u => u.ForEvaluation)];
    }

    public IReadOnlyList<Utterance> Training { get; }

    public IReadOnlyList<Utterance> Evaluation { get; }

    /// <summary>Writes each list of utterances to one file.</summary>
    public static void Save(string path, IReadOnlyList<Utterance> utterances)
    {
        string[] names = [.. utterances.SelectMany(u => u.Phonemes).Select(p => p.Name).Distinct().Order(StringComparer.Ordinal)];
        byte[][] coded = [.. utterances.Select(u => BlockCoding.Encode(u.Samples))];
        int[] table = [.. utterances.SelectMany(u => new[] { u.Samples.Length, u.Phonemes.Count, u.Voice, u.ForEvaluation ? 1 : 0 })];
        int[] phonemes = [.. utterances.SelectMany(u => u.Phonemes).SelectMany(p => new[] { Array.IndexOf(names, p.Name), p.Start })];
        using var writer = new SafetensorsWriter(
            path,
            [
                new TensorOutline("utterances", ElementType.Int32, [utterances.Count, 4]),
                new TensorOutline("phonemes", ElementType.Int32, [phonemes.Length / 2, 2]),
                new TensorOutline("audio", ElementType.UInt8, [coded.Sum(c => c.Length)]),
            ],
            new Dictionary<string, string> { ["phonemes"] = JsonSerializer.Serialize(names), ["format"] = "locutor speech 1" });
        writer.Append("utterances", MemoryMarshal.AsBytes<int>(table));
        writer.Append("phonemes", MemoryMarshal.AsBytes<int>(phonemes));
        foreach (byte[] one in coded) writer.Append("audio", one);
        writer.Complete();
    }

    /// <exception cref="CheckpointException">The file is not a speech corpus, or its parts contradict each other.</exception>
    public static SpeechCorpus Load(params IEnumerable<string> paths) => new([.. paths.SelectMany(Read)]);

    private static Utterance[] Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var table = Part(file, "utterances", ElementType.Int32, 4);
        var phonemes = Part(file, "phonemes", ElementType.Int32, 2);
        var audio = Part(file, "audio", ElementType.UInt8, 1);
        string[] names = JsonSerializer.Deserialize<string[]>(file.Metadata.GetValueOrDefault("phonemes", "[]")) ?? [];
        var rows = MemoryMarshal.Cast<byte, int>(table.Bytes);
        var utterances = new Outline[rows.Length / 4];
        long phoneme = 0, sound = 0;
        for (int i = 0; i < utterances.Length; i++)
        {
            int samples = rows[4 * i], count = rows[4 * i + 1];
            if (samples is < 1 or > Longest || count < 0)
            {
                throw new CheckpointException(
                    $"{path}: utterance {i} has {samples} samples and {count} phonemes, expected 1 to {Longest} and at least 0");
            }
            utterances[i] = new Outline(samples, count, rows[4 * i + 2], rows[4 * i + 3] != 0, phoneme, sound);
            phoneme += count;
            sound += BlockCoding.Length(samples);
        }
        if (phoneme != phonemes.ElementCount / 2 || sound != audio.ByteLength)
        {
            throw new CheckpointException(
                $"{path}: utterances need {phoneme} phonemes and {sound} bytes of audio, found {phonemes.ElementCount / 2} and " +
                $"{audio.ByteLength}");
        }
        var read = new Utterance[utterances.Length];
        Parallel.For(0, read.Length, i => read[i] = Read(utterances[i], phonemes, audio, names, path));
        return read;
    }

    private static Utterance Read(Outline outline, CheckpointTensor phonemes, CheckpointTensor audio, string[] names, string path)
    {
        float[] samples = BlockCoding.Decode(
            audio.Bytes.Slice((int)outline.FirstByte, BlockCoding.Length(outline.Samples)), outline.Samples);
        var spoken = new SpokenPhoneme[outline.Phonemes];
        var rows = MemoryMarshal.Cast<byte, int>(phonemes.Bytes).Slice(2 * (int)outline.FirstPhoneme, 2 * outline.Phonemes);
        for (int i = 0; i < spoken.Length; i++)
        {
            if ((uint)rows[2 * i] >= names.Length)
                throw new CheckpointException($"{path}: phoneme number {rows[2 * i]}, expected 0 to {names.Length - 1}");
            spoken[i] = new SpokenPhoneme(names[rows[2 * i]], rows[2 * i + 1]);
        }
        return new Utterance(samples, MouthTrack.From(spoken, samples), spoken, outline.Voice, outline.ForEvaluation);
    }

    private static CheckpointTensor Part(SafetensorsFile file, string name, ElementType type, long columns)
    {
        if (!file.TryGet(name, out var tensor)) throw new CheckpointException($"{file.Source}: no tensor {name}: not a speech corpus");
        bool fits = tensor.Type == type
            && (columns == 1 ? tensor.Shape.Length == 1 : tensor.Shape.Length == 2 && tensor.Shape[1] == columns);
        return fits
            ? tensor
            : throw new CheckpointException($"{file.Source}: expected {name} of {type} with {columns} columns, found {tensor}");
    }

    private readonly record struct Outline(int Samples, int Phonemes, int Voice, bool ForEvaluation, long FirstPhoneme, long FirstByte);
}
