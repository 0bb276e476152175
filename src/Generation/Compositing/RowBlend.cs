using System.Runtime.Intrinsics;

namespace Locutor.Generation.Compositing;

/// <summary>
/// Blends one row of a frame: <c>changed + share * (replacement - changed)</c> with <c>changed = frame + change</c>, rounded to bytes.
/// </summary>
internal static class RowBlend
{
    /// <summary>Blends one row; all spans have equal length.</summary>
    /// <param name="frame">The target's bytes; receives the composed bytes.</param>
    /// <param name="change">Difference that is added, in levels of 255.</param>
    /// <param name="share">Weight of the replacement; clamped to [0, 1], because interpolation may exceed that range slightly.</param>
    /// <param name="replacement">The replacing pixels, 0 to 255.</param>
    public static void Apply(Span<byte> frame, ReadOnlySpan<float> change, ReadOnlySpan<float> share, ReadOnlySpan<float> replacement)
    {
        int i = 0;
        for (; i <= frame.Length - 16; i += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.Create<byte>(frame[i..]));
            var first = Blend(Wide(low), i, change, share, replacement);
            var second = Blend(Wide(high), i + 8, change, share, replacement);
            Vector128.Narrow(Short(first), Short(second)).CopyTo(frame[i..]);
        }
        for (; i < frame.Length; i++)
        {
            float changed = frame[i] + change[i], value = changed + Math.Clamp(share[i], 0, 1) * (replacement[i] - changed);
            frame[i] = (byte)(Math.Clamp(value, 0, 255) + 0.5f);
        }
    }

    private static Vector256<float> Wide(Vector128<ushort> bytes) =>
        Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes)).AsInt32());

    private static Vector256<int> Blend(
        Vector256<float> frame, int at, ReadOnlySpan<float> change, ReadOnlySpan<float> share, ReadOnlySpan<float> replacement)
    {
        var weight = Vector256.Clamp(Vector256.Create(share[at..]), Vector256<float>.Zero, Vector256<float>.One);
        var changed = frame + Vector256.Create(change[at..]);
        var value = changed + weight * (Vector256.Create(replacement[at..]) - changed);
        return Vector256.ConvertToInt32(Vector256.Clamp(value, Vector256<float>.Zero, Vector256.Create(255f)) + Vector256.Create(0.5f));
    }

    private static Vector128<ushort> Short(Vector256<int> values) =>
        Vector128.Narrow(values.GetLower().AsUInt32(), values.GetUpper().AsUInt32());
}
