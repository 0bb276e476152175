using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Locutor.Media.Pictures;

/// <summary>
/// Resizes pictures with results identical to Pillow's antialiased bilinear filter: two passes, 8 bits between them, 22-bit fixed point.
/// </summary>
public static class PictureResizer
{
    private const int Half = 1 << (ResizeWeights.Precision - 1);

    /// <summary>
    /// Resizes a picture to the smallest size that covers <paramref name="height"/> x <paramref name="width"/> (the other side is rounded
    /// up) and crops the centre. The offset is rounded half to even, as in torchvision's centre crop.
    /// </summary>
    public static Picture ResizeToCover(Picture picture, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        double scale = Math.Max((double)height / picture.Height, (double)width / picture.Width);
        int coverHeight = (int)Math.Ceiling(scale * picture.Height), coverWidth = (int)Math.Ceiling(scale * picture.Width);
        int top = (int)Math.Round((coverHeight - height) / 2.0), left = (int)Math.Round((coverWidth - width) / 2.0);
        return Resize(picture, new Axis(coverHeight, top, height), new Axis(coverWidth, left, width));
    }

    /// <summary>Resizes a picture; the aspect ratio may change.</summary>
    public static Picture Resize(Picture picture, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        return Resize(picture, new Axis(height, 0, height), new Axis(width, 0, width));
    }

    /// <summary>Resizes and crops. Only the cropped region is computed, because it does not depend on the other output pixels.</summary>
    private static Picture Resize(Picture picture, Axis vertical, Axis horizontal)
    {
        var rows = new ResizeWeights(picture.Height, vertical.Resized, vertical.First, vertical.Count);
        var columns = new ResizeWeights(picture.Width, horizontal.Resized, horizontal.First, horizontal.Count);
        int firstRow = rows.Starts[0], rowCount = rows.Starts[^1] + rows.Lengths[^1] - firstRow;
        byte[] narrowed = new byte[3 * rowCount * horizontal.Count];
        ResizeRows(picture, firstRow, rowCount, columns, narrowed);
        byte[] resized = new byte[3 * vertical.Count * horizontal.Count];
        ResizeColumns(narrowed, firstRow, 3 * horizontal.Count, rows, resized);
        return new Picture(horizontal.Count, vertical.Count, resized);
    }

    private static void ResizeRows(Picture picture, int firstRow, int rowCount, ResizeWeights columns, byte[] to)
    {
        int count = columns.Starts.Length, stride = 3 * picture.Width;
        byte[] row = new byte[stride + 1]; // a pixel is read as 4 bytes, so the last needs one more
        for (int y = 0; y < rowCount; y++)
        {
            picture.Rgb.AsSpan((firstRow + y) * stride, stride).CopyTo(row);
            var target = to.AsSpan(3 * y * count, 3 * count);
            for (int x = 0; x < count; x++)
            {
                var sum = Vector128.Create(Half);
                var weights = columns.Of(x);
                ref byte source = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(row), 3 * columns.Starts[x]);
                for (int t = 0; t < weights.Length; t++)
                {
                    var pixel = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref source, 3 * t))).AsByte();
                    sum += Widen(pixel) * weights[t];
                }
                sum >>= ResizeWeights.Precision; // weights are not negative and sum to 1 within a rounding: 0 to 255
                target[3 * x] = Clip(sum[0]);
                target[3 * x + 1] = Clip(sum[1]);
                target[3 * x + 2] = Clip(sum[2]);
            }
        }
    }

    private static void ResizeColumns(byte[] from, int firstRow, int stride, ResizeWeights rows, byte[] to)
    {
        int[] sums = new int[stride];
        for (int y = 0; y < rows.Starts.Length; y++)
        {
            Array.Fill(sums, Half);
            var weights = rows.Of(y);
            for (int t = 0; t < weights.Length; t++)
                AddRow(from.AsSpan((rows.Starts[y] - firstRow + t) * stride, stride), weights[t], sums);
            var target = to.AsSpan(y * stride, stride);
            for (int i = 0; i < stride; i++) target[i] = Clip(sums[i] >> ResizeWeights.Precision);
        }
    }

    private static void AddRow(ReadOnlySpan<byte> row, int weight, Span<int> sums)
    {
        int i = 0;
        for (; i <= row.Length - 16; i += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.Create(row[i..]));
            var a = Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low)).AsInt32();
            var b = Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high)).AsInt32();
            (Vector256.Create<int>(sums[i..]) + a * weight).CopyTo(sums[i..]);
            (Vector256.Create<int>(sums[(i + 8)..]) + b * weight).CopyTo(sums[(i + 8)..]);
        }
        for (; i < row.Length; i++) sums[i] += row[i] * weight;
    }

    private static Vector128<int> Widen(Vector128<byte> pixel) => Vector128.WidenLower(Vector128.WidenLower(pixel)).AsInt32();

    private static byte Clip(int value) => (byte)Math.Clamp(value, 0, 255);

    /// <summary>Resizing and cropping along one axis.</summary>
    /// <param name="Resized">Length after resizing.</param>
    /// <param name="First">Start of the cropped region.</param>
    /// <param name="Count">Length of the cropped region.</param>
    private readonly record struct Axis(int Resized, int First, int Count);
}
