using Locutor.Checkpoints.Safetensors;
using Locutor.Media.Pictures;

namespace Locutor.Media.Tests.Pictures;

public sealed class PictureResizerTests
{
    [Fact]
    public void Equals_the_reference_byte_for_byte()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(TestEnvironment.Goldens, "resize.safetensors"));
        var input = golden.Tensors["in.picture"];
        var picture = new Picture((int)input.Shape[1], (int)input.Shape[0], input.Bytes.ToArray());
        var outputs = golden.Tensors.Values.Where(t => t.Name.StartsWith("out.", StringComparison.Ordinal)).ToArray();
        outputs.ShouldNotBeEmpty();
        foreach (var expected in outputs)
        {
            int height = (int)expected.Shape[1], width = (int)expected.Shape[2], plane = height * width;
            var resized = PictureResizer.ResizeToCover(picture, height, width);
            (resized.Height, resized.Width).ShouldBe((height, width));
            var planes = expected.Bytes;
            for (int i = 0; i < 3 * plane; i++) resized.Rgb[i % plane * 3 + i / plane].ShouldBe(planes[i], $"{expected.Name}, value {i}");
        }
    }

    [Fact]
    public void Is_within_one_of_the_exact_filter_at_any_size()
    {
        var random = TestSeed.NewRandom();
        for (int run = 0; run < 30; run++)
        {
            var picture = Noise(random, random.Next(1, 90), random.Next(1, 90));
            int height = random.Next(1, 120), width = random.Next(1, 120);
            var resized = PictureResizer.Resize(picture, height, width);
            double[] expected = Exact(picture, height, width);
            for (int i = 0; i < expected.Length; i++)
            {
                Math.Abs(resized.Rgb[i] - expected[i]).ShouldBeLessThan(
                    1.001, $"{picture.Width}x{picture.Height} to {width}x{height}, byte {i}");
            }
        }
    }

    [Fact]
    public void A_cropped_resize_equals_the_crop_of_the_whole_resize()
    {
        var random = TestSeed.NewRandom();
        for (int run = 0; run < 30; run++)
        {
            var picture = Noise(random, random.Next(1, 90), random.Next(1, 90));
            int height = random.Next(1, 120), width = random.Next(1, 120);
            double scale = Math.Max((double)height / picture.Height, (double)width / picture.Width);
            var whole = PictureResizer.Resize(picture, (int)Math.Ceiling(scale * picture.Height), (int)Math.Ceiling(scale * picture.Width));
            int top = (int)Math.Round((whole.Height - height) / 2.0), left = (int)Math.Round((whole.Width - width) / 2.0);
            var cover = PictureResizer.ResizeToCover(picture, height, width);
            for (int y = 0; y < height; y++)
            {
                cover.Rgb.AsSpan(3 * y * width, 3 * width)
                    .SequenceEqual(whole.Rgb.AsSpan(3 * ((y + top) * whole.Width + left), 3 * width)).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void The_same_size_is_the_same_picture_and_flat_colours_stay()
    {
        var random = TestSeed.NewRandom();
        var picture = Noise(random, 61, 47);
        PictureResizer.ResizeToCover(picture, 47, 61).Rgb.ShouldBe(picture.Rgb);
        byte[] white = new byte[3 * 61 * 47];
        Array.Fill(white, byte.MaxValue);
        PictureResizer.ResizeToCover(new Picture(61, 47, white), 13, 200).Rgb.ShouldAllBe(b => b == byte.MaxValue);
        Should.Throw<ArgumentOutOfRangeException>(() => PictureResizer.ResizeToCover(picture, 0, 5));
        Should.Throw<ArgumentException>(() => new Picture(2, 2, new byte[11]));
    }

    private static Picture Noise(Random random, int width, int height) => new(width, height, random.Bytes(3 * width * height));

    /// <summary>
    /// The triangle filter in double precision without rounding. Rounding to 8 bits after each axis causes an error of at most half a step
    /// each time.
    /// </summary>
    private static double[] Exact(Picture picture, int height, int width)
    {
        double[] rows = new double[3 * picture.Height * width], resized = new double[3 * height * width];
        for (int y = 0; y < picture.Height; y++)
        {
            for (int i = 0; i < 3 * width; i++)
                rows[3 * y * width + i] = Sample(picture.Width, width, i / 3, x => picture.Rgb[3 * (y * picture.Width + x) + i % 3]);
        }
        for (int i = 0; i < resized.Length; i++)
            resized[i] = Sample(picture.Height, height, i / (3 * width), y => rows[3 * y * width + i % (3 * width)]);
        return resized;
    }

    private static double Sample(int source, int target, int at, Func<int, double> value)
    {
        double scale = (double)source / target, width = Math.Max(1, scale), sum = 0, total = 0;
        for (int n = 0; n < source; n++)
        {
            double weight = Math.Max(0, 1 - Math.Abs((n + 0.5 - (at + 0.5) * scale) / width));
            sum += weight * value(n);
            total += weight;
        }
        return sum / total;
    }
}
