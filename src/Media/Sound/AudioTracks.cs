namespace Locutor.Media.Sound;

/// <summary>What each of two people says over the whole video, and both together; all three of equal length and rate.</summary>
public sealed record AudioTracks(Waveform First, Waveform Second, Waveform Mix)
{
    /// <summary>Both speak from the start (<c>para</c>); the shorter is silent at its end.</summary>
    public static AudioTracks SideBySide(Waveform first, Waveform second) => Place(first, 0, second, 0);

    /// <summary>The second begins when the first has ended (<c>add</c>).</summary>
    public static AudioTracks OneAfterTheOther(Waveform first, Waveform second) => Place(first, 0, second, first.Samples.Length);

    private static AudioTracks Place(Waveform first, int firstStart, Waveform second, int secondStart)
    {
        int rate = first.SampleRate;
        if (second.SampleRate != rate)
            throw new ArgumentException($"sample rates differ: {rate} Hz and {second.SampleRate} Hz", nameof(second));
        int length = Math.Max(firstStart + first.Samples.Length, checked(secondStart + second.Samples.Length));
        float[] a = new float[length], b = new float[length], mix = new float[length];
        first.Samples.CopyTo(a, firstStart);
        second.Samples.CopyTo(b, secondStart);
        for (int n = 0; n < length; n++) mix[n] = a[n] + b[n];
        return new AudioTracks(new Waveform(rate, a), new Waveform(rate, b), new Waveform(rate, mix));
    }
}
