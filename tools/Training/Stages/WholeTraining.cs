using System.Globalization;
using System.Text;
using System.Text.Json;
using Locutor.Files;
using Locutor.Networks.VideoAutoencoder;
using Locutor.Training.Data;
using Locutor.Training.Faces;
using Locutor.Training.Optimisation;
using Locutor.Training.Speech;

namespace Locutor.Training.Stages;

/// <summary>The options of a whole training: the durations and the learning rates of its stages.</summary>
public sealed record WholeTrainingOptions
{
    public StageOptions Speech { get; init; } = new("speech", 80, 1.5e-3) { Adam = new FlatAdamOptions { AverageDecay = 0.995 } };

    public StageOptions Picture { get; init; } = new("picture", 20, 1e-3) { Adam = new FlatAdamOptions { AverageDecay = 0.99 } };

    public StageOptions Autoencoder { get; init; } = new("autoencoder", 480, 8e-4)
    {
        Adam = new FlatAdamOptions { Beta2 = 0.99, WeightDecay = 0, LargestNorm = 5, AverageDecay = 0.998 }
    };

    public StageOptions Decoder { get; init; } = new("decoder", 60, 6e-4)
    {
        Adam = new FlatAdamOptions { Beta2 = 0.99, WeightDecay = 0, LargestNorm = 5, AverageDecay = 0.995 }
    };

    public StageOptions Transformer { get; init; } = new("transformer", 640, 8e-4) { WarmupSteps = 200 };

    public StageOptions Distillation { get; init; } = new("distillation", 300, 3e-4)
    {
        WarmupSteps = 100,
        ReportEvery = 50,
        Adam = new FlatAdamOptions { AverageDecay = 0.998 },
    };

    public StageOptions Upsampler { get; init; } = new("upsampler", 240, 1.5e-3)
    {
        WarmupSteps = 200,
        Adam = new FlatAdamOptions { Beta2 = 0.99, WeightDecay = 0, AverageDecay = 0.998 },
    };

    public DistillationOptions Distilled { get; init; } = new();

    public DetailOptions Details { get; init; } = new();

    /// <summary>The stages of this call. The stages before them must be finished.</summary>
    public IReadOnlyCollection<string> Stages { get; init; } = StageNames;

    public static IReadOnlyList<string> StageNames { get; } =
    [
        "speech", "picture", "autoencoder", "decoder", "transformer", "distillation", "upsampler"
    ];

    public SketchNetworks Networks { get; init; } = SketchNetworks.Shipped;

    public ScriptOptions Scenes { get; init; } = new();

    public TransformerStageOptions Pool { get; init; } = new();

    /// <summary>The number of rendered scenes in memory. One scene takes about 4 MB.</summary>
    public int PaintedScenes { get; init; } = 3000;

    /// <summary>The number of scenes outside the training data, for measurements during training.</summary>
    public int UnseenScenes { get; init; } = 12;

    /// <summary>A factor on the batch sizes and the work of threads, for machines that are slower than a GPU.</summary>
    public double Load { get; init; } = 1;

    public int SpeechBatch { get; init; } = 48;

    public int PictureBatch { get; init; } = 48;

    /// <summary>Tiny options: within minutes on a CPU they show whether the training runs and learns.</summary>
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
        Distilled = new DistillationOptions { Batch = 2 },
        Details = new DetailOptions { Frames = 3, Crop = 16, Scenes = 2, FirstBatches = 1, MostBatches = 2 },
    };

    /// <summary>Returns these options with other durations of the stages.</summary>
    /// <param name="minutes">The duration of each stage in minutes, in the order of <see cref="StageNames"/>.</param>
    /// <exception cref="ArgumentException">The number of durations differs from the number of stages, or one is not above 0.</exception>
    public WholeTrainingOptions Lasting(IReadOnlyList<double> minutes)
    {
        if (minutes.Count != StageNames.Count || minutes.Any(m => !(m > 0)))
        {
            throw new ArgumentException(
                $"expected {StageNames.Count} stage lengths above 0 ({string.Join(", ", StageNames)}), found " +
                $"[{string.Join(", ", minutes)}]",
                nameof(minutes));
        }
        return this with
        {
            Speech = Speech with { Seconds = 60 * minutes[0] },
            Picture = Picture with { Seconds = 60 * minutes[1] },
            Autoencoder = Autoencoder with { Seconds = 60 * minutes[2] },
            Decoder = Decoder with { Seconds = 60 * minutes[3] },
            Transformer = Transformer with { Seconds = 60 * minutes[4] },
            Distillation = Distillation with { Seconds = 60 * minutes[5] },
            Upsampler = Upsampler with { Seconds = 60 * minutes[6] },
        };
    }
}

/// <summary>Runs all stages in order. A call continues where the previous call ended, and ends when its time is over.</summary>
public sealed class WholeTraining(TrainingRun run, WholeTrainingOptions options)
{
    /// <param name="speechFile">The file of a <see cref="SpeechCorpus"/>.</param>
    /// <param name="textFolder">
    /// The folder with <c>tokenizer.model</c> and <c>text.safetensors</c> of <see cref="TextStage"/>; null for those in the work folder. A
    /// transformer understands only the text encoder that it was trained with.
    /// </param>
    /// <returns>Whether all stages are finished.</returns>
    /// <exception cref="FileNotFoundException">There is no text encoder.</exception>
    public bool Run(string speechFile, string? textFolder)
    {
        foreach (string name in new[] { "tokenizer.model", "text.safetensors" })
        {
            if (textFolder is not null) File.Copy(Path.Combine(textFolder, name), run.InWork(name), true);
            else if (!File.Exists(run.InWork(name)))
                throw new FileNotFoundException($"expected {name} in {run.Work}, found none: name the folder of prepare-text with --text");
        }
        var corpus = SpeechCorpus.Load(speechFile);
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{corpus.Training.Sum(u => u.Seconds) / 60:F1} minutes of speech, {corpus.Evaluation.Sum(u => u.Seconds) / 60:F1} " +
            $"for evaluation; {run.Device}, {run.Threads} threads"));
        int first = FirstScene();
        using var bank = new SceneBank(
            new SceneMaker(options.Scenes, corpus.Training), options.Scenes, first, options.PaintedScenes, run.Threads);
        try
        {
            return Stages(corpus, bank);
        }
        finally
        {
            AtomicFile.Write(NextScene, Encoding.UTF8.GetBytes(bank.Next.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private string NextScene => run.InWork("next-scene.txt");

    private bool Stages(SpeechCorpus corpus, SceneBank bank)
    {
        if (Wants("speech") && !new SpeechStage(run, corpus, options.SpeechBatch).Train(options.Networks, options.Speech)) return false;
        if (Wants("picture")
            && !new PictureStage(run, bank, options.Scenes, options.PictureBatch).Train(options.Networks.Image, options.Picture))
        {
            return false;
        }
        if (Wants("autoencoder")
            && !new AutoencoderStage(run, bank, options.Scenes, options.Load).Train(options.Networks.Autoencoder, options.Autoencoder))
        {
            return false;
        }
        if (Wants("decoder") && (run.IsOver || !RefineDecoder(bank))) return false;
        if (!Wants("transformer") && !Wants("distillation") && !Wants("upsampler")) return true;
        if (run.IsOver) return false;
        var unseen = Unseen(corpus);
        if ((Wants("transformer") || Wants("distillation")) && !Transformer(bank, unseen)) return false;
        return !Wants("upsampler") || (!run.IsOver && Upsampler(bank, unseen));
    }

    private bool RefineDecoder(SceneBank bank)
    {
        var config = JsonSerializer.Deserialize<VideoAutoencoderConfig>(File.ReadAllText(run.InWork("autoencoder.json")))!;
        return new AutoencoderStage(run, bank, options.Scenes, options.Load)
            .RefineDecoder(config with { DecoderWidths = options.Networks.Autoencoder.DecoderWidths }, options.Decoder);
    }

    private bool Transformer(SceneBank bank, Scene[] unseen)
    {
        using var stage = new TransformerStage(run, options.Networks, options.Scenes, bank, unseen, options.Pool);
        if (Wants("transformer") && !stage.Train(options.Transformer)) return false;
        return !Wants("distillation") || (!run.IsOver && stage.Distil(options.Distillation, options.Distilled));
    }

    private bool Wants(string stage) => options.Stages.Contains(stage);

    private bool Upsampler(SceneBank bank, Scene[] unseen)
    {
        using var networks = new RedrawnScenes(run, options.Networks, options.Scenes, options.Distilled.Steps, options.Pool.Shift);
        return new UpsamplerStage(run, options.Scenes, options.Details)
            .Train(options.Networks.Upsampler, options.Upsampler, networks, bank, unseen);
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

    /// <summary>Returns the number of the first scene of this call. Every call renders new scenes.</summary>
    private int FirstScene() => File.Exists(NextScene) ? int.Parse(File.ReadAllText(NextScene), CultureInfo.InvariantCulture) : 0;
}
