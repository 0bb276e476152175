using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Models.Store;
using static TorchSharp.torch;

namespace Locutor.Bench;

/// <summary>The options of a measurement.</summary>
/// <param name="Bundle">The bundle that gives the sizes of the networks. Their weights are random.</param>
/// <param name="Device">The device that is measured.</param>
/// <param name="Height">The height of the video in pixels; a multiple of 16.</param>
/// <param name="Width">The width of the video in pixels; a multiple of 16.</param>
/// <param name="Frames">The frames of a clip; 4n + 1.</param>
public sealed record BenchOptions(Bundle Bundle, Device Device, int Height, int Width, int Frames)
{
    public Precision Precision { get; init; }

    /// <summary>The number of timed runs, at least 1. The median counts. One more run before them is not timed.</summary>
    public int Repeat { get; init; } = 3;

    /// <summary>
    /// Whether to compare each operation with the plain float32 path first. An operation that differs too much is not timed.
    /// </summary>
    public bool Check { get; init; }

    /// <summary>The preset of the bundle for a whole clip, or several with commas; null for the default.</summary>
    public string? Preset { get; init; }

    /// <summary>The sampling steps of a clip; null for those of the preset.</summary>
    public int? Steps { get; init; }

    /// <summary>
    /// The step cache for a whole clip; null runs every step. In the part accuracy, the step cache that is compared; null compares
    /// several.
    /// </summary>
    public string? StepCache { get; init; }

    /// <summary>The frames that a clip takes over from the clip before it; null for those of the preset.</summary>
    public int? MotionFrames { get; init; }

    /// <summary>The length of the voice in minutes, for the part memory.</summary>
    public double Minutes { get; init; } = 1;

    /// <summary>
    /// Whether the speech encoder reads a window that ends with the clip, for the part memory; null for the choice of the preset.
    /// </summary>
    public bool? StreamSpeech { get; init; }

    /// <summary>The number of clips of the video; at least 1.</summary>
    public int Clips { get; init; } = 2;

    /// <summary>The limit of GPU memory for a pass in bytes; null for all of it.</summary>
    public long? VramBudget { get; init; }

    /// <summary>GPUs that compute a pass or a clip together, <see cref="Device"/> first; fewer than two measure one device only.</summary>
    public IReadOnlyList<Device> Gpus { get; init; } = [];

    /// <summary>The bundle with its files, for the part accuracy, which needs trained weights.</summary>
    public ResolvedBundle? Files { get; init; }

    /// <summary>The bundle whose presets are compared on the trained bundle; null for the presets of the trained bundle.</summary>
    public Bundle? PresetsOf { get; init; }

    /// <summary>The path of a picture, for the parts accuracy and presets.</summary>
    public string? Image { get; init; }

    /// <summary>The path of a voice, for the part accuracy.</summary>
    public string? Audio { get; init; }

    /// <summary>The folder in which the parts load and files write.</summary>
    public string Folder { get; init; } = Path.GetTempPath();

    public long Seed { get; init; } = 1;

    /// <summary>Creates the request with these options.</summary>
    internal VideoRequest Request() =>
        VideoRequest.Empty.With(VideoFields.Preset, Preset).With(VideoFields.Steps, Steps).With(VideoFields.StepCache, StepCache)
            .With(VideoFields.Seed, Seed).With(VideoFields.StreamSpeech, StreamSpeech).With(VideoFields.MotionFrames, MotionFrames);

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="BenchException">A size is out of range.</exception>
    public void Validate()
    {
        if (Height < 16 || Width < 16 || Height % 16 != 0 || Width % 16 != 0)
            throw new BenchException($"--size {Height}x{Width}: expected multiples of 16");
        if (Frames < 1 || Frames % 4 != 1) throw new BenchException($"--frames {Frames}: expected 1, 5, 9, ...");
        if (Clips < 1) throw new BenchException($"--clips {Clips}: expected 1 or more");
        if (!(Minutes >= 0.01 && Minutes <= 600)) throw new BenchException($"--minutes {Minutes}: expected 0.01 to 600");
        if (Repeat < 1) throw new BenchException($"--repeat {Repeat}: expected 1 or more");
    }
}

/// <summary>Thrown when a measurement cannot be made, or when the check before it failed.</summary>
public sealed class BenchException : Exception
{
    public BenchException() { }

    public BenchException(string message) : base(message) { }

    public BenchException(string message, Exception inner) : base(message, inner) { }
}
