namespace Locutor.Media.Video;

/// <summary>Settings of a <see cref="VideoWriter"/>.</summary>
/// <param name="Path">Path of the finished file, whose extension selects the format; an existing file is replaced. <c>-</c> is standard
/// output.</param>
/// <param name="Width">Width in pixels, even, 16 to 8192.</param>
/// <param name="Height">Height in pixels, even, 16 to 8192.</param>
public sealed record VideoWriterOptions(string Path, int Width, int Height)
{
    /// <summary>Format; null selects it by the extension of the path, and mp4 for a pipe, a device and standard output.</summary>
    public VideoFormat? Format { get; init; }

    /// <summary>Frame rate, 1 to 100.</summary>
    public int FramesPerSecond { get; init; } = 25;

    /// <summary>Audio, cut or padded with silence to the length of the frames; null for a video without audio.</summary>
    public Soundtrack? Sound { get; init; }

    /// <summary>
    /// True to write a file that can be played while it grows (<see cref="VideoWriter.PartialPath"/>); false to write its index at the
    /// front.
    /// </summary>
    public bool Fragmented { get; init; }

    /// <summary>
    /// True to encode every frame at once and, in a file that can be played while it grows, to write several fragments a second. The file
    /// becomes larger.
    /// </summary>
    public bool LowDelay { get; init; }

    /// <summary>
    /// Frames at which a new group of pictures starts. If there are any, the file is a fragmented mp4 that can be cut at these frames, and
    /// a <see cref="Segments.SegmentedVideoWriter"/> can copy its pieces.
    /// </summary>
    public IReadOnlyList<int> CutFrames { get; init; } = [];

    /// <summary>Constant rate factor of x264: 1 (best) to 51.</summary>
    public int Quality { get; init; } = 18;

    /// <summary>Label that marks the file as synthetic; null for none.</summary>
    public SyntheticMediaLabel? Label { get; init; }

    /// <summary>Limits for the files of <see cref="Sound"/>, and the time limit of the encoder.</summary>
    public MediaLimits Limits { get; init; } = MediaLimits.Default;

    internal void Validate()
    {
        foreach (var (name, side) in new[] { (nameof(Width), Width), (nameof(Height), Height) })
        {
            if (side is < 16 or > 8192 || side % 2 != 0)
                throw new ArgumentOutOfRangeException(name, side, "expected an even number from 16 to 8192");
        }
        if (FramesPerSecond is < 1 or > 100)
            throw new ArgumentOutOfRangeException(nameof(FramesPerSecond), FramesPerSecond, "expected 1 to 100");
        if (Quality is < 1 or > 51) throw new ArgumentOutOfRangeException(nameof(Quality), Quality, "expected 1 to 51");
    }
}
