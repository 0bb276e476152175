namespace Locutor.Checkpoints;

/// <summary>The two 8-bit floating-point types of https://arxiv.org/abs/2209.05433, as libtorch stores them.</summary>
public static class Float8
{
    /// <summary>1 sign, 4 exponent (bias 7), 3 mantissa bits; no infinity, 0x7f and 0xff are NaN.</summary>
    public static float FromE4M3(byte bits)
    {
        int exponent = bits >> 3 & 15, mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7) return float.NaN;
        float magnitude = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return bits >= 128 ? -magnitude : magnitude;
    }

    /// <summary>1 sign, 5 exponent (bias 15), 2 mantissa bits: the upper half of a 16-bit float.</summary>
    public static float FromE5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));
}
