namespace Locutor.Training.Speech;

/// <summary>Four bits a sample: IMA ADPCM (Interactive Multimedia Association, 1992), about 30 dB of signal to noise on speech.</summary>
public static class Adpcm
{
    private static readonly int[] Steps = MakeSteps();
    private static readonly int[] Moves = [-1, -1, -1, -1, 2, 4, 6, 8];

    /// <summary>Two samples a byte, the earlier in the low half; an odd last sample takes a byte of its own.</summary>
    public static byte[] Encode(ReadOnlySpan<short> samples)
    {
        byte[] coded = new byte[(samples.Length + 1) / 2];
        var state = new State();
        for (int i = 0; i < samples.Length; i++) coded[i / 2] |= (byte)(state.Encode(samples[i]) << (4 * (i & 1)));
        return coded;
    }

    public static short[] Decode(ReadOnlySpan<byte> coded, int samples)
    {
        if (samples < 0 || (samples + 1) / 2 > coded.Length)
            throw new ArgumentOutOfRangeException(nameof(samples), samples, $"expected at most {coded.Length * 2L} samples in {coded.Length} bytes");
        short[] decoded = new short[samples];
        var state = new State();
        for (int i = 0; i < samples; i++) decoded[i] = state.Decode((coded[i / 2] >> (4 * (i & 1))) & 15);
        return decoded;
    }

    private static int[] MakeSteps()
    {
        int[] steps = new int[89];
        double step = 7;
        for (int i = 0; i < steps.Length; i++, step *= 1.1) steps[i] = (int)Math.Min(32767, step);
        return steps;
    }

    private struct State
    {
        private int predicted, index;

        public int Encode(int sample)
        {
            int difference = sample - predicted, step = Steps[index];
            int code = Math.Min(7, Math.Abs(difference) * 4 / step) | (difference < 0 ? 8 : 0);
            Decode(code);
            return code;
        }

        public short Decode(int code)
        {
            int step = Steps[index], magnitude = code & 7;
            int difference = step / 8 + (magnitude & 1) * step / 4 + (magnitude >> 1 & 1) * step / 2 + (magnitude >> 2) * step;
            predicted = Math.Clamp(predicted + ((code & 8) != 0 ? -difference : difference), short.MinValue, short.MaxValue);
            index = Math.Clamp(index + Moves[magnitude], 0, Steps.Length - 1);
            return (short)predicted;
        }
    }
}
