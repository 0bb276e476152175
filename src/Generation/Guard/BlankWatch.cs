using Locutor.Media.Pictures;

namespace Locutor.Generation.Guard;

/// <summary>
/// Detects a video of a single colour while its frames pass. The first frames are joined to the picture and may show something even if all
/// others are blank, so they alone do not make a video valid.
/// </summary>
/// <param name="source">The picture of the first frame; a picture of a single colour disables the check.</param>
/// <param name="leading">Number of frames at the start that are derived from the picture.</param>
internal sealed class BlankWatch(Picture source, int leading)
{
    /// <summary>Largest difference between the pixels of a blank frame, in levels of 255.</summary>
    private const int Tolerance = 2;

    private readonly bool off = IsBlank(source.Rgb);
    private long frames;
    private bool leadingIsBlank = true, clipIsBlank, videoIsBlank = true;

    /// <summary>
    /// True if every frame since <see cref="BeginClip"/> has a single colour; the leading frames of the video are ignored.
    /// </summary>
    public bool ClipIsBlank => !off && clipIsBlank && (frames > leading || leadingIsBlank);

    public void BeginClip() => clipIsBlank = true;

    /// <summary>Checks the next frame.</summary>
    /// <param name="rgb">The next frame, rows of R, G, B.</param>
    public void See(byte[] rgb)
    {
        bool leads = frames++ < leading;
        if (off || IsBlank(rgb)) return;
        if (leads) leadingIsBlank = false;
        else (clipIsBlank, videoIsBlank) = (false, false);
    }

    /// <summary>Checks the finished video.</summary>
    /// <exception cref="WrongResultException">The video has a single colour.</exception>
    public void Finish()
    {
        if (!off && frames > 0 && videoIsBlank && (frames > leading || leadingIsBlank)) throw WrongResultException.OneColour();
    }

    /// <summary>True if all pixels are equal within the tolerance. For a normal picture, the first few pixels decide.</summary>
    internal static bool IsBlank(ReadOnlySpan<byte> rgb)
    {
        for (int i = 3; i < rgb.Length; i++)
            if (Math.Abs(rgb[i] - rgb[i % 3]) > Tolerance) return false;
        return true;
    }
}
