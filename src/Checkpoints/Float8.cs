namespace Locutor.Checkpoints;

/// <summary>Decodes the two 8-bit floating-point formats of https://arxiv.org/abs/2209.05433, as libtorch stores them.</summary>
public static class Float8
{
    /// <summary>
    /// Decodes float8 e4m3fn: 1 sign bit, 4 exponent bits (bias 7), 3 mantissa bits. It has no infinity; 0x7f and 0xff are NaN.
    /// </summary>
    public static float FromE4M3(byte bits)
    {
        int exponent = bits >> 3 & 15, mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7) return float.NaN;
        float magnitude = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return bits >= 128 ? -magnitude : magnitude;
    }

    /// <summary>Decodes float8 e5m2: 1 sign bit, 5 exponent bits (bias 15), 2 mantissa bits. It is the upper byte of a float16.</summary>
    public static float FromE5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));
}
