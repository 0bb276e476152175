using Locutor.Media.Pictures;

namespace Locutor.Generation;

/// <summary>
/// Notices a video of one colour while its frames pass. The first frame may be right even when all others are not, since it is made from
/// the picture; it alone does not save a video.
/// </summary>
/// <param name="source">The picture of the first frame; one of a single colour switches the watch off.</param>
internal sealed class BlankWatch(Picture source)
{
    /// <summary>Levels of 255 by which the pixels of a blank frame may differ.</summary>
    private const int Tolerance = 2;

    private readonly bool off = IsBlank(source.Rgb);
    private long frames;
    private bool firstIsBlank, clipIsBlank, videoIsBlank = true;

    /// <summary>Whether every frame since <see cref="BeginClip"/> is of one colour, the first of the video aside.</summary>
    public bool ClipIsBlank => !off && clipIsBlank && (frames > 1 || firstIsBlank);

    public void BeginClip() => clipIsBlank = true;

    /// <param name="rgb">The next frame.</param>
    public void See(byte[] rgb)
    {
        bool blank = off || IsBlank(rgb);
        if (frames++ == 0) firstIsBlank = blank;
        else if (!blank) (clipIsBlank, videoIsBlank) = (false, false);
    }

    /// <exception cref="WrongResultException">The video is of one colour.</exception>
    public void Finish()
    {
        if (!off && videoIsBlank && (frames > 1 || (frames == 1 && firstIsBlank))) throw WrongResultException.OneColour();
    }

    /// <summary>Whether all pixels are alike; a picture is recognised by its first pixels.</summary>
    internal static bool IsBlank(ReadOnlySpan<byte> rgb)
    {
        for (int i = 3; i < rgb.Length; i++)
            if (Math.Abs(rgb[i] - rgb[i % 3]) > Tolerance) return false;
        return true;
    }
}
