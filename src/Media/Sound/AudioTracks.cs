namespace Locutor.Media.Sound;

/// <summary>Places the voices of two people over one video; both tracks become equally long.</summary>
public static class AudioTracks
{
    /// <summary>Both speak from the start (<c>para</c>); the shorter is silent at its end.</summary>
    public static void SideBySide(StoredSound first, StoredSound second) => Place(first, second, 0);

    /// <summary>The second begins when the first has ended (<c>add</c>).</summary>
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
