using System.Globalization;
using System.Text.Json;
using Locutor.Kernels.Arithmetic;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// The training loop that all stages share. A stage has a given duration or number of steps, possibly over several calls: a call saves
/// its state when it ends, and the next call loads it. The learning rate warms up over a few steps and then follows half a cosine over
/// the stage.
/// </summary>
public sealed class StageTrainer : IDisposable
{
    private const double WarmRate = 0.4; // share of the learning rate for a stage that continues from its own finished results

    private readonly TrainingRun run;
    private readonly StageOptions options;
    private readonly bool ownResults;
    private readonly FlatAdam adam;
    private double before;

    /// <param name="startFrom">
    /// The name of the results in the work folder with which training starts; null for those of the stage itself.
    /// </param>
    public StageTrainer(TrainingRun run, StageOptions options, FlatParameters parameters, string? startFrom = null)
    {
        this.run = run;
        this.options = options;
        ownResults = startFrom is null;
        Parameters = parameters;
        adam = new FlatAdam(parameters, options.Adam);
        Curves = new Curves(run.InWork(options.Name + ".csv"));
        Resume(ResultFiles.Find(run.Work, startFrom ?? options.Name));
        var tested = SelfTest.On(run.Device);
        tested.Save();
        if (tested.Notice is { } notice) run.Say(notice);
    }

    public FlatParameters Parameters { get; }

    public Curves Curves { get; }

    public long Steps => adam.Steps;

    /// <summary>
    /// Whether the stage started from finished parameters and not from newly initialised ones.
    /// </summary>
    public bool IsWarm { get; private set; }

    /// <summary>
    /// The keys of parameters that start from random values, because the results from which the stage started do not have them or have
    /// another shape. Empty if the stage did not start from results.
    /// </summary>
    public IReadOnlySet<string> New { get; private set; } = new HashSet<string>();

    /// <summary>The progress of the stage: 0 at the start, 1 when its time or its steps are used up.</summary>
    public double Progress { get; private set; }

    public bool IsDone => Progress >= 1;

    /// <summary>The moving average of the parameters.</summary>
    public Tensor Average => adam.Average;

    /// <summary>
    /// Runs training steps until the stage ends or the time of the call is over. The values that a step returns are read only every
    /// <see cref="StageOptions.ReportEvery"/> steps, so that the CPU rarely waits for the device.
    /// </summary>
    /// <param name="step">
    /// Receives the progress, runs the forward and backward pass, and returns values by name as scalars on the device.
    /// </param>
    /// <param name="everySeconds">The seconds between calls of <paramref name="reportSamples"/>.</param>
    /// <param name="reportSamples">
    /// Draws samples and reports measurements. While it runs, the network has the parameters of the moving average.
    /// </param>
    public void Train(
        Func<double, IReadOnlyList<(string Name, Tensor Value)>> step, double everySeconds = double.PositiveInfinity,
        Action? reportSamples = null)
    {
        double start = run.Elapsed.TotalSeconds, reported = start, sampled = start;
        long reportedStep = Steps;
        while (!IsDone && !run.IsOver)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var figures = step(Progress);
            adam.Step(Rate());
            run.CountStep();
            double now = run.Elapsed.TotalSeconds;
            if (Steps % options.ReportEvery == 0)
            {
                Report(figures, now - reported, Steps - reportedStep);
                now = reported = run.Elapsed.TotalSeconds;
                reportedStep = Steps;
            }
            Progress = ProgressAfter(before + now - start);
            if (reportSamples is null || now - sampled < everySeconds) continue;
            WithAverage(reportSamples);
            sampled = run.Elapsed.TotalSeconds;
        }
        before += run.Elapsed.TotalSeconds - start;
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Name}: {(IsDone ? "finished" : "stopped")} at step {Steps} after {before:F0} s of {Length}"));
        Save();
        if (reportSamples is not null) WithAverage(reportSamples);
        Curves.Draw(run.InOutput(options.Name + ".png"));
    }

    /// <summary>Runs an action while the network has the parameters of the moving average.</summary>
    public void WithAverage(Action action)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var kept = Parameters.Values.clone();
        Parameters.Values.copy_(adam.Average);
        Parameters.Publish();
        action();
        Parameters.Values.copy_(kept);
        Parameters.Publish();
    }

    public void Dispose() => adam.Dispose();

    private string Length =>
        options.Steps is { } steps ? $"{steps} steps" : string.Create(CultureInfo.InvariantCulture, $"{options.Seconds:F0} s");

    private double ProgressAfter(double seconds) =>
        Math.Min(1, options.Steps is { } steps ? (double)Steps / steps : seconds / options.Seconds);

    private double Rate()
    {
        double warm = Math.Min(1, (Steps + 1.0) / options.WarmupSteps);
        return options.Rate * (IsWarm && ownResults ? WarmRate : 1) * warm * (0.02 + 0.98 * 0.5 * (1 + Math.Cos(Math.PI * Progress)));
    }

    private void Report(IReadOnlyList<(string Name, Tensor Value)> figures, double seconds, long steps)
    {
        var text = new List<string>();
        foreach (var (name, value) in figures)
        {
            double number = value.to(float32).item<float>();
            Curves.Add(name, Steps, number);
            text.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {number:G4}"));
        }
        double norm = adam.GradientNorm.item<float>();
        Curves.Add("gradient", Steps, norm);
        run.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Name} {Steps} ({Progress:P0}): {string.Join(", ", text)}, gradient {norm:G3}, " +
            $"{steps / Math.Max(1e-6, seconds):F1} steps/s"));
    }

    private string StatePath => run.InWork(options.Name + ".state.safetensors");

    private void Save() => TensorFile.Save(StatePath, adam.State, new Dictionary<string, string>
    {
        ["stage"] = JsonSerializer.Serialize(new Saved(Steps, before, IsWarm)),
    });

    private void Resume(IReadOnlyList<string> earlier)
    {
        if (!File.Exists(StatePath))
        {
            StartFrom(earlier);
            return;
        }
        var metadata = TensorFile.Fill(StatePath, adam.State);
        var saved = JsonSerializer.Deserialize<Saved>(metadata["stage"])!;
        adam.Resume(saved.Steps);
        before = saved.Seconds;
        IsWarm = saved.IsWarm;
        Progress = ProgressAfter(before);
        run.Say(
            string.Create(CultureInfo.InvariantCulture, $"{options.Name}: resumes at step {saved.Steps}, {before:F0} s of {Length} used"));
    }

    /// <summary>Loads the initial parameters from results of an earlier run in the work folder.</summary>
    private void StartFrom(IReadOnlyList<string> files)
    {
        var missing = Parameters.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (string path in files)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            string[] keys;
            using (var file = Checkpoints.Safetensors.SafetensorsFile.Open(path))
            {
                keys =
                [
                    .. file.Tensors.Keys.Where(Parameters.Contains).Where(
                        k => file.Tensors[k].Shape.AsSpan().SequenceEqual(Parameters.Part(Parameters.Values, k).shape))
                ];
            }
            TensorFile.Fill(path, keys.Select(k => KeyValuePair.Create(k, Parameters.Part(Parameters.Values, k))));
            missing.ExceptWith(keys);
            adam.Average.copy_(Parameters.Values);
            IsWarm = true;
            run.Say($"{options.Name}: starts from {path}");
        }
        if (IsWarm) New = missing;
        if (New.Count > 0)
            run.Say($"{options.Name}: {New.Count} tensors are missing there or have another shape, and start from random values");
        Parameters.Publish();
    }

    private sealed record Saved(long Steps, double Seconds, bool IsWarm);
}

/// <summary>The options of a stage.</summary>
/// <param name="Name">The name of the files of the stage.</param>
/// <param name="Seconds">The duration of the stage over all calls; not used if <see cref="Steps"/> is set.</param>
/// <param name="Rate">The highest learning rate.</param>
public sealed record StageOptions(string Name, double Seconds, double Rate)
{
    /// <summary>The length of the stage in steps over all calls; null for a stage that lasts <see cref="Seconds"/>.</summary>
    public long? Steps { get; init; }

    public int WarmupSteps { get; init; } = 100;

    public int ReportEvery { get; init; } = 100;

    public FlatAdamOptions Adam { get; init; } = new();
}
