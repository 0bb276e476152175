namespace Locutor.Generation.Progress;

/// <summary>Durations of the phases of a video: encoding, each step and decoding, of the first clip and of the later ones.</summary>
internal sealed class PhaseTimes
{
    private const double Recent = 0.5; // weight of the latest clip, so that the estimate follows the load of the machine

    private readonly Dictionary<(GenerationStage Stage, bool First), double> seconds = [];

    /// <summary>Adds the duration of a phase.</summary>
    public void Add(GenerationStage stage, bool first, double duration) =>
        seconds[(stage, first)] = Find(stage, first) is { } known ? (1 - Recent) * known + Recent * duration : duration;

    /// <summary>Returns the duration of a phase; null if none was measured.</summary>
    public double? Find(GenerationStage stage, bool first) => seconds.TryGetValue((stage, first), out double known) ? known : null;

    /// <summary>Returns the durations of a clip; null while one of them was not measured.</summary>
    public ClipCosts? Clip(bool first) =>
        Find(GenerationStage.Encoding, first) is { } encode && Find(GenerationStage.Denoising, first) is { } step
        && Find(GenerationStage.Decoding, first) is { } decode
            ? new ClipCosts(encode, step, decode)
            : null;
}
