using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Models;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>What is measured.</summary>
/// <param name="Bundle">Whose sizes the networks have; their numbers are random.</param>
/// <param name="Device">Where.</param>
/// <param name="Height">Of the video; a multiple of 16.</param>
/// <param name="Width">Of the video; a multiple of 16.</param>
/// <param name="Frames">Of a clip: 4n + 1.</param>
public sealed record BenchOptions(Bundle Bundle, Device Device, int Height, int Width, int Frames)
{
    public Precision Precision { get; init; }

    /// <summary>Timed runs, of which the median counts; one more before them is not timed. At least 1.</summary>
    public int Repeat { get; init; } = 3;

    /// <summary>Compares with the plain float32 path first, and times nothing that differs too much.</summary>
    public bool Check { get; init; }

    /// <summary>Of the bundle, for a whole clip.</summary>
    public string? Preset { get; init; }

    /// <summary>Of a clip; null: the preset's.</summary>
    public int? Steps { get; init; }

    /// <summary>Step caching of a whole clip, null runs every step; for accuracy the one that is compared, null several.</summary>
    public string? StepCache { get; init; }

    /// <summary>Clips of a video that is made: at least 1, the first alone.</summary>
    public int Clips { get; init; } = 2;

    /// <summary>Bytes of the GPU that a pass has to make do with; null: all.</summary>
    public long? VramBudget { get; init; }

    /// <summary>The bundle with its files; for accuracy, which needs trained weights.</summary>
    public ResolvedBundle? Files { get; init; }

    /// <summary>Whose presets are compared on the trained bundle; null: its own.</summary>
    public Bundle? PresetsOf { get; init; }

    /// <summary>A picture, for accuracy and presets.</summary>
    public string? Image { get; init; }

    /// <summary>A voice, for accuracy.</summary>
    public string? Audio { get; init; }

    /// <summary>Where a file to be loaded may be written.</summary>
    public string Folder { get; init; } = Path.GetTempPath();

    public long Seed { get; init; } = 1;

    /// <summary>The request that these options stand for.</summary>
    internal VideoRequest Request() =>
        VideoRequest.Empty.With(VideoFields.Preset, Preset).With(VideoFields.Steps, Steps).With(VideoFields.StepCache, StepCache).With(VideoFields.Seed, Seed);

    /// <exception cref="BenchException">A size out of range.</exception>
    public void Validate()
    {
        if (Height < 16 || Width < 16 || Height % 16 != 0 || Width % 16 != 0) throw new BenchException($"--size {Height}x{Width}: expected multiples of 16");
        if (Frames < 1 || Frames % 4 != 1) throw new BenchException($"--frames {Frames}: expected 1, 5, 9, ...");
        if (Clips < 1) throw new BenchException($"--clips {Clips}: expected 1 or more");
        if (Repeat < 1) throw new BenchException($"--repeat {Repeat}: expected 1 or more");
    }
}

/// <summary>A measurement that cannot be made, or a check that failed before one.</summary>
public sealed class BenchException : Exception
{
    public BenchException() { }

    public BenchException(string message) : base(message) { }

    public BenchException(string message, Exception inner) : base(message, inner) { }
}
