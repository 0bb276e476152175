using Locutor.Media.Pictures;

namespace Locutor.Generation.Guard;

/// <summary>
/// Notices a video of one colour while its frames pass. The first frames may show something even when all others are blank, since they are
/// joined to the picture; they alone do not save a video.
/// </summary>
/// <param name="source">The picture of the first frame; one of a single colour switches the watch off.</param>
/// <param name="leading">How many frames at the start are made from the picture.</param>
internal sealed class BlankWatch(Picture source, int leading)
{
    /// <summary>Levels of 255 by which the pixels of a blank frame may differ.</summary>
    private const int Tolerance = 2;

    private readonly bool off = IsBlank(source.Rgb);
    private long frames;
    private bool leadingIsBlank = true, clipIsBlank, videoIsBlank = true;

    /// <summary>Whether every frame since <see cref="BeginClip"/> is of one colour, the leading ones of the video aside.</summary>
    public bool ClipIsBlank => !off && clipIsBlank && (frames > leading || leadingIsBlank);

    public void BeginClip() => clipIsBlank = true;

    /// <param name="rgb">The next frame.</param>
    public void See(byte[] rgb)
    {
        bool leads = frames++ < leading;
        if (off || IsBlank(rgb)) return;
        if (leads) leadingIsBlank = false;
        else (clipIsBlank, videoIsBlank) = (false, false);
    }

    /// <exception cref="WrongResultException">The video is of one colour.</exception>
    public void Finish()
    {
        if (!off && frames > 0 && videoIsBlank && (frames > leading || leadingIsBlank)) throw WrongResultException.OneColour();
    }

    /// <summary>Whether all pixels are alike; a picture is recognised by its first pixels.</summary>
    internal static bool IsBlank(ReadOnlySpan<byte> rgb)
    {
        for (int i = 3; i < rgb.Length; i++)
            if (Math.Abs(rgb[i] - rgb[i % 3]) > Tolerance) return false;
        return true;
    }
}
