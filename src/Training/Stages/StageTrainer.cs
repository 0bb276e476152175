using System.Globalization;
using System.Text.Json;
using Locutor.Kernels.Arithmetic;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// The loop that all stages share. A stage lasts a given time, or a given number of steps, possibly over several calls: its state is saved
/// when a call ends and found again by the next. The learning rate warms up over a few steps and then follows half a cosine over the stage.
/// </summary>
public sealed class StageTrainer : IDisposable
{
    private readonly TrainingRun run;
    private readonly StageOptions options;
    private readonly FlatAdam adam;
    private double before;

    /// <param name="startFrom">Name of the results in the work folder whose values are the start; null for those of the stage itself.</param>
    public StageTrainer(TrainingRun run, StageOptions options, FlatParameters parameters, string? startFrom = null)
    {
        this.run = run;
        this.options = options;
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

    /// <summary>Whether the parameters are an earlier run's and not fresh.</summary>
    public bool IsWarm { get; private set; }

    /// <summary>0 at the start, 1 when the time or the steps of the stage are used up.</summary>
    public double Progress { get; private set; }

    public bool IsDone => Progress >= 1;

    /// <summary>The moving average of the parameters.</summary>
    public Tensor Average => adam.Average;

    /// <summary>
    /// Steps until the stage or the call is over. The figures that a step returns are looked at every <see cref="StageOptions.ReportEvery"/>
    /// steps only, so that nothing waits for the device in between.
    /// </summary>
    /// <param name="step">From the progress, runs forward and backward and returns figures by name, scalars on the device.</param>
    /// <param name="everySeconds">How often <paramref name="look"/> is called.</param>
    /// <param name="look">Draws samples and so on; the parameters are those of the moving average while it runs.</param>
    public void Train(Func<double, IReadOnlyList<(string Name, Tensor Value)>> step, double everySeconds = double.PositiveInfinity, Action? look = null)
    {
        double start = run.Elapsed.TotalSeconds, reported = start, looked = start;
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
            if (look is null || now - looked < everySeconds) continue;
            WithAverage(look);
            looked = run.Elapsed.TotalSeconds;
        }
        before += run.Elapsed.TotalSeconds - start;
        run.Say(string.Create(CultureInfo.InvariantCulture, $"{options.Name}: {(IsDone ? "finished" : "stopped")} at step {Steps} after {before:F0} s of {Length}"));
        Save();
        if (look is not null) WithAverage(look);
        Curves.Draw(run.InOutput(options.Name + ".png"));
    }

    /// <summary>Runs something while the network has its averaged parameters.</summary>
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

    private string Length => options.Steps is { } steps ? $"{steps} steps" : string.Create(CultureInfo.InvariantCulture, $"{options.Seconds:F0} s");

    private double ProgressAfter(double seconds) => Math.Min(1, options.Steps is { } steps ? (double)Steps / steps : seconds / options.Seconds);

    private double Rate()
    {
        double warm = Math.Min(1, (Steps + 1.0) / options.WarmupSteps);
        return options.Rate * warm * (0.02 + 0.98 * 0.5 * (1 + Math.Cos(Math.PI * Progress)));
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
        run.Say(string.Create(CultureInfo.InvariantCulture, $"{options.Name} {Steps} ({Progress:P0}): {string.Join(", ", text)}, gradient {norm:G3}, {steps / Math.Max(1e-6, seconds):F1} steps/s"));
    }

    private string StatePath => run.InWork(options.Name + ".state.safetensors");

    private void Save() => TensorFile.Save(StatePath, adam.State, new Dictionary<string, string>
    {
        ["stage"] = JsonSerializer.Serialize(new Saved(Steps, before)),
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
        Progress = ProgressAfter(before);
        run.Say(string.Create(CultureInfo.InvariantCulture, $"{options.Name}: goes on at step {saved.Steps}, {before:F0} s of {Length} used"));
    }

    /// <summary>Without a state but with results of an earlier run in the work folder, their values are the start.</summary>
    private void StartFrom(IReadOnlyList<string> files)
    {
        foreach (string path in files)
        {
            using var scope = NewDisposeScope();
            using var off = no_grad();
            string[] keys;
            using (var file = Checkpoints.Safetensors.SafetensorsFile.Open(path)) keys = [.. file.Tensors.Keys.Where(Parameters.Contains)];
            TensorFile.Fill(path, keys.Select(k => KeyValuePair.Create(k, Parameters.Part(Parameters.Values, k))));
            adam.Average.copy_(Parameters.Values);
            IsWarm = true;
            run.Say($"{options.Name}: starts from {path}");
        }
        Parameters.Publish();
    }

    private sealed record Saved(long Steps, double Seconds);
}

/// <summary>How a stage is trained.</summary>
/// <param name="Name">Of its files.</param>
/// <param name="Seconds">Duration of the stage, all calls together; not used if <see cref="Steps"/> is set.</param>
/// <param name="Rate">Highest learning rate.</param>
public sealed record StageOptions(string Name, double Seconds, double Rate)
{
    /// <summary>Length of the stage in steps, all calls together. Null: it lasts <see cref="Seconds"/>.</summary>
    public long? Steps { get; init; }

    public int WarmupSteps { get; init; } = 100;

    public int ReportEvery { get; init; } = 100;

    public FlatAdamOptions Adam { get; init; } = new();
}
