namespace Locutor.Media.Video;

/// <summary>Settings of a <see cref="VideoWriter"/>.</summary>
/// <param name="Path">The finished file, whose extension chooses the format; replaced if it is there. <c>-</c> is standard output.</param>
/// <param name="Width">Pixels, even, 16 to 8192.</param>
/// <param name="Height">Pixels, even, 16 to 8192.</param>
public sealed record VideoWriterOptions(string Path, int Width, int Height)
{
    /// <summary>Null: the one of the path's extension, or mp4 for a pipe, a device and standard output.</summary>
    public VideoFormat? Format { get; init; }

    /// <summary>1 to 100.</summary>
    public int FramesPerSecond { get; init; } = 25;

    /// <summary>Cut or padded with silence to the length of the frames; null for a silent film.</summary>
    public Soundtrack? Sound { get; init; }

    /// <summary>Playable while it grows (<see cref="VideoWriter.PartialPath"/>), rather than with its index at the front.</summary>
    public bool Fragmented { get; init; }

    /// <summary>x264's constant rate factor: 1 (best) to 51.</summary>
    public int Quality { get; init; } = 18;

    /// <summary>Says in the file that it is synthetic.</summary>
    public SyntheticMediaLabel? Label { get; init; }

    /// <summary>For the files of <see cref="Sound"/>, and how long the encoder may stall.</summary>
    public MediaLimits Limits { get; init; } = MediaLimits.Default;

    internal void Validate()
    {
        foreach (var (name, side) in new[] { (nameof(Width), Width), (nameof(Height), Height) })
        {
            if (side is < 16 or > 8192 || side % 2 != 0) throw new ArgumentOutOfRangeException(name, side, "expected an even number from 16 to 8192");
        }
        if (FramesPerSecond is < 1 or > 100) throw new ArgumentOutOfRangeException(nameof(FramesPerSecond), FramesPerSecond, "expected 1 to 100");
        if (Quality is < 1 or > 51) throw new ArgumentOutOfRangeException(nameof(Quality), Quality, "expected 1 to 51");
    }
}
