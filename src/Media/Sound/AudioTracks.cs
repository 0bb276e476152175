namespace Locutor.Media.Sound;

/// <summary>Places two people's voices on the time line of one video; both tracks then have equal length.</summary>
public static class AudioTracks
{
    /// <summary>Both voices start together (<c>para</c>); the shorter track is padded with silence.</summary>
    public static void SideBySide(StoredSound first, StoredSound second) => Place(first, second, 0);

    /// <summary>The second voice starts when the first has ended (<c>add</c>).</summary>
    public static void OneAfterTheOther(StoredSound first, StoredSound second) => Place(first, second, first.Samples);

    private static void Place(StoredSound first, StoredSound second, long secondStart)
    {
        if (second.SampleRate != first.SampleRate)
            throw new ArgumentException($"sample rates differ: {first.SampleRate} Hz and {second.SampleRate} Hz", nameof(second));
        long length = Math.Max(first.Samples, secondStart + second.Samples);
        first.Place(0, length);
        second.Place(secondStart, length);
    }
}
