using System.Globalization;
using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;

namespace Locutor.Training.Stages;

/// <summary>How long the stages of a whole training last, and at which rates.</summary>
public sealed record WholeTrainingOptions
{
    public StageOptions Speech { get; init; } = new("speech", 80, 1.5e-3) { Adam = new FlatAdamOptions { AverageDecay = 0.995 } };

    public StageOptions Picture { get; init; } = new("picture", 20, 1e-3) { Adam = new FlatAdamOptions { AverageDecay = 0.99 } };

    public StageOptions Autoencoder { get; init; } = new("autoencoder", 480, 8e-4) { Adam = new FlatAdamOptions { Beta2 = 0.99, WeightDecay = 0, LargestNorm = 5, AverageDecay = 0.998 } };

    public StageOptions Transformer { get; init; } = new("transformer", 640, 8e-4) { WarmupSteps = 200 };

    public SketchNetworks Networks { get; init; } = SketchNetworks.Shipped;

    public ScriptOptions Scenes { get; init; } = new();

    public TransformerStageOptions Pool { get; init; } = new();

    /// <summary>Painted scenes held in memory; one takes about 4 MB.</summary>
    public int PaintedScenes { get; init; } = 3000;

    /// <summary>Scenes of people that are not trained on, for figures while training.</summary>
    public int UnseenScenes { get; init; } = 12;

    /// <summary>Multiplies batches and threads' work for machines that are smaller than a GPU.</summary>
    public double Load { get; init; } = 1;

    public int SpeechBatch { get; init; } = 48;

    public int PictureBatch { get; init; } = 48;

    /// <summary>Everything tiny: minutes on a processor show whether it runs and learns.</summary>
    public static WholeTrainingOptions Toy { get; } = new()
    {
        Networks = SketchNetworks.Toy,
        Scenes = new ScriptOptions { Size = 64, ClipFrames = 9, MotionFrames = 5, Clips = 2 },
        PaintedScenes = 24,
        UnseenScenes = 2,
        Load = 0.1,
        SpeechBatch = 2,
        PictureBatch = 2,
        Pool = new TransformerStageOptions { Batch = 2, PoolScenes = 16, FirstScenes = 8, Encoded = 4 },
    };

    /// <summary>The same with other lengths of stages.</summary>
    /// <param name="minutes">Of speech, picture, autoencoder and transformer.</param>
    /// <exception cref="ArgumentException">Not four, or not above 0.</exception>
    public WholeTrainingOptions Lasting(IReadOnlyList<double> minutes)
    {
        if (minutes.Count != 4 || minutes.Any(m => !(m > 0))) throw new ArgumentException($"expected four stage lengths above 0, found [{string.Join(", ", minutes)}]", nameof(minutes));
        return this with
        {
            Speech = Speech with { Seconds = 60 * minutes[0] },
            Picture = Picture with { Seconds = 60 * minutes[1] },
            Autoencoder = Autoencoder with { Seconds = 60 * minutes[2] },
            Transformer = Transformer with { Seconds = 60 * minutes[3] },
        };
    }
}

/// <summary>All stages in order. A call goes on where the one before it ended, and ends when its time is over.</summary>
public sealed class WholeTraining(TrainingRun run, WholeTrainingOptions options)
{
    /// <param name="speechFile">A <see cref="SpeechCorpus"/>.</param>
    /// <param name="textFolder">Holds <c>tokenizer.model</c> and <c>text.safetensors</c> of <see cref="TextStage"/>.</param>
    /// <returns>Whether everything is finished.</returns>
    public bool Go(string speechFile, string textFolder)
    {
        foreach (string name in new[] { "tokenizer.model", "text.safetensors" }) File.Copy(Path.Combine(textFolder, name), run.InWork(name), true);
        var corpus = SpeechCorpus.Load(speechFile);
        run.Say(string.Create(CultureInfo.InvariantCulture, $"{corpus.Training.Sum(u => u.Seconds) / 60:F1} minutes of speech, {corpus.Evaluation.Sum(u => u.Seconds) / 60:F1} for figures; {run.Device}, {run.Threads} threads"));
        int first = FirstScene();
        using var bank = new SceneBank(new SceneMaker(options.Scenes, corpus.Training), options.Scenes, first, options.PaintedScenes, run.Threads);
        try
        {
            return Stages(corpus, bank);
        }
        finally
        {
            File.WriteAllText(NextScene, bank.Next.ToString(CultureInfo.InvariantCulture));
        }
    }

    private string NextScene => run.InWork("next-scene.txt");

    private bool Stages(SpeechCorpus corpus, SceneBank bank)
    {
        if (!new SpeechStage(run, corpus, options.SpeechBatch).Train(options.Networks, options.Speech)) return false;
        if (!new PictureStage(run, bank, options.Scenes, options.PictureBatch).Train(options.Networks.Image, options.Picture)) return false;
        if (!new AutoencoderStage(run, bank, options.Scenes, options.Load).Train(options.Networks.Autoencoder, options.Autoencoder)) return false;
        if (run.IsOver) return false;
        using var transformer = new TransformerStage(run, options.Networks, options.Scenes, bank, Unseen(corpus), options.Pool);
        return transformer.Train(options.Transformer);
    }

    private Scene[] Unseen(SpeechCorpus corpus)
    {
        var maker = new SceneMaker(options.Scenes, corpus.Evaluation, plain: true);
        var made = new Scene[options.UnseenScenes];
        Parallel.For(0, made.Length, new ParallelOptions { MaxDegreeOfParallelism = run.Threads }, i =>
        {
            using var renderer = new FaceRenderer(options.Scenes.Size, options.Scenes.Size);
            made[i] = maker.Make(-1 - i, renderer);
        });
        return made;
    }

    /// <summary>Every call paints new scenes.</summary>
    private int FirstScene() => File.Exists(NextScene) ? int.Parse(File.ReadAllText(NextScene), CultureInfo.InvariantCulture) : 0;
}
