using Locutor.Generation.Compositing;
using Locutor.Generation.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Tests.Compositing;

public sealed class FaceCompositorTests
{
    private static readonly CompositionOptions Options = new(768, AddedFrom: 5, ReplacedFrom: 16);
    private readonly Random random = TestSeed.NewRandom();

    [Theory]
    [InlineData(16, 16, 64, 64)]
    [InlineData(13, 21, 34, 56)] // no integer factor, and widths that are no multiple of a vector
    [InlineData(12, 10, 12, 10)] // the same size
    [InlineData(9, 24, 30, 78)]
    public void Every_pixel_is_what_the_plain_formulas_give(int drawnHeight, int drawnWidth, int height, int width)
    {
        var (drawn, target) = ((drawnHeight, drawnWidth), (height, width));
        byte[] portrait = random.Bytes(3 * height * width), reference = Smooth(drawnHeight, drawnWidth);
        byte[] composed = new byte[portrait.Length];
        var compositor = new FaceCompositor(drawn, target, Options);
        for (int round = 0; round < 3; round++) // buffers are reused
        {
            byte[] frame = Changed(reference, drawnHeight, drawnWidth);
            compositor.Compose(portrait, frame, reference, composed);
            double[] expected = new PlainCompositor(drawn, target, Options).Compose(portrait, frame, reference);
            for (int i = 0; i < composed.Length; i++) ((double)composed[i]).ShouldBe(expected[i], 1.01, $"round {round}, byte {i}");
        }
    }

    [Fact]
    public void Where_nothing_moved_every_pixel_is_the_portraits()
    {
        const int drawn = 32, size = 100;
        byte[] portrait = random.Bytes(3 * size * size), reference = Smooth(drawn, drawn), frame = [.. reference];
        for (int i = 0; i < frame.Length; i++) frame[i] = (byte)Math.Clamp(frame[i] + random.Next(-4, 5), 0, 255); // noise of generation
        byte[] composed = new byte[portrait.Length];
        var compositor = new FaceCompositor((drawn, drawn), (size, size), Options);
        compositor.Compose(portrait, frame, reference, composed);
        composed.ShouldBe(portrait);

        Paint(frame, drawn, 20, 20, 26, 26, 255);
        compositor.Compose(portrait, frame, reference, composed);
        composed.ShouldNotBe(portrait);
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                if (y < 40 || x < 40)
                    composed.AsSpan(3 * (y * size + x), 3).SequenceEqual(portrait.AsSpan(3 * (y * size + x), 3)).ShouldBeTrue($"{x}, {y}");
            }
        }
    }

    [Theory]
    [InlineData(10, 26, false)]
    [InlineData(10, 19, true)] // the smoothed weights reach the box
    public void A_part_that_a_frame_does_not_change_may_be_left_out(int top, int left, bool changes)
    {
        const int drawn = 48, size = 150;
        byte[] portrait = random.Bytes(3 * size * size), reference = Smooth(drawn, drawn), frame = [.. reference];
        Paint(frame, drawn, top, left, top + 6, left + 6, 255);
        var box = new PixelRegion(8, 0, 24, 16);
        var compositor = new FaceCompositor((drawn, drawn), (size, size), Options);
        compositor.ChangedBoxes(frame, reference, [box, new PixelRegion(8, 24, 24, 40)]).ShouldBe([changes, true]);
        float[] pixels = [.. Enumerable.Range(0, 3 * 64 * 64).Select(_ => 255 * random.NextSingle())];
        byte[] with = new byte[portrait.Length], without = new byte[portrait.Length];
        compositor.Compose(portrait, frame, reference, with, [new DrawnPart(box, 4, pixels)]);
        compositor.Compose(portrait, frame, reference, without);
        with.AsSpan().SequenceEqual(without).ShouldBe(!changes);
    }

    [Fact]
    public void A_small_difference_keeps_the_detail_of_the_portrait_and_a_large_one_replaces_it()
    {
        const int drawn = 32, size = 128;
        byte[] portrait = new byte[3 * size * size], reference = new byte[3 * drawn * drawn], composed = new byte[portrait.Length];
        // stripes that are too fine for the small frame
        for (int i = 0; i < portrait.Length; i++) portrait[i] = (byte)(i / 3 % 2 == 0 ? 90 : 110);
        Array.Fill(reference, (byte)100);
        byte[] frame = [.. reference];
        Paint(frame, drawn, 2, 2, 14, 14, 112);
        Paint(frame, drawn, 18, 18, 30, 30, 200);
        new FaceCompositor((drawn, drawn), (size, size), Options).Compose(portrait, frame, reference, composed);
        int small = 3 * (32 * size + 32), large = 3 * (96 * size + 96);
        ((double)composed[small]).ShouldBe(102, 1);
        ((double)composed[small + 3]).ShouldBe(122, 1);
        ((double)composed[large]).ShouldBe(200, 1);
        ((double)composed[large + 3]).ShouldBe(200, 1);
    }

    [Fact]
    public void Frames_of_another_size_are_refused()
    {
        var compositor = new FaceCompositor((8, 8), (16, 16), Options);
        byte[] small = new byte[3 * 64], large = new byte[3 * 256];
        Should.Throw<ArgumentException>(() => compositor.Compose(small, small, small, large)).ParamName.ShouldBe("targetFrame");
        Should.Throw<ArgumentException>(() => compositor.Compose(large, large, small, large)).ParamName.ShouldBe("drawnFrame");
        Should.Throw<ArgumentException>(() => compositor.Compose(large, small, large, large)).ParamName.ShouldBe("drawnReference");
        Should.Throw<ArgumentException>(() => compositor.Compose(large, small, small, small)).ParamName.ShouldBe("composed");
        Should.Throw<ArgumentOutOfRangeException>(() => new FaceCompositor((8, 8), (16, 7), Options));
    }

    [Theory]
    [InlineData(64, 64)]
    [InlineData(40, 50)] // smaller than the part's own size
    public void A_part_that_was_drawn_finer_replaces_the_enlarged_frame(int height, int width)
    {
        const int drawn = 16, factor = 4;
        byte[] portrait = new byte[3 * height * width], reference = new byte[3 * drawn * drawn], composed = new byte[portrait.Length];
        Array.Fill(portrait, (byte)80);
        Array.Fill(reference, (byte)80);
        byte[] frame = [.. reference];
        Paint(frame, drawn, 6, 6, 10, 10, 200);
        var box = new PixelRegion(2, 2, 14, 14);
        int side = factor * 12;
        // brighter to the right
        float[] pixels = [.. Enumerable.Range(0, 3 * side * side).Select(i => (float)(60 + 2 * (i / 3 % side) + i % 3))];
        new FaceCompositor((drawn, drawn), (height, width), Options)
            .Compose(portrait, frame, reference, composed, [new DrawnPart(box, factor, pixels)]);
        for (int column = width * 7 / 16; column < width * 9 / 16; column++)
        {
            double inPart = (column + 0.5) * factor * drawn / width - 0.5 - factor * box.Left;
            for (int c = 0; c < 3; c++) ((double)composed[3 * (height / 2 * width + column) + c]).ShouldBe(60 + 2 * inPart + c, 1.01);
        }
        composed[0].ShouldBe((byte)80);
    }

    [Fact]
    public void Moving_parts_are_boxes_that_hold_every_moved_pixel_and_do_not_overlap()
    {
        const int height = 50, width = 60;
        for (int round = 0; round < 20; round++)
        {
            float[] moved = new float[height * width];
            for (int blob = random.Next(1, 5); blob > 0; blob--)
            {
                int top = random.Next(height - 4), left = random.Next(width - 4);
                for (int y = top; y < top + 4; y++) moved.AsSpan(y * width + left, 4).Fill(1);
            }
            var boxes = MovingParts.Find(moved, height, width, 0.5f);
            for (int i = 0; i < moved.Length; i++)
            {
                boxes.Count(box => i / width >= box.Top && i / width < box.Bottom && i % width >= box.Left && i % width < box.Right)
                    .ShouldBeInRange(moved[i] > 0 ? 1 : 0, 1);
            }

            foreach (var box in boxes)
                new[] { box.Top, box.Left, height - box.Bottom, width - box.Right }.Min().ShouldBeGreaterThanOrEqualTo(0);
        }
        MovingParts.Find(new float[height * width], height, width, 0.5f).ShouldBeEmpty();
    }

    private byte[] Smooth(int height, int width)
    {
        double phase = random.NextDouble() * 6;
        return [
            .. Enumerable.Range(0, 3 * height * width).Select(
                i => (byte)(128 + 100 * Math.Sin(phase + i / 3 % width * 0.4 + i / 3 / width * 0.3 + i % 3)))
        ];
    }

    private byte[] Changed(byte[] reference, int height, int width)
    {
        byte[] frame = [.. reference];
        int top = random.Next(height - 4), left = random.Next(width - 4);
        for (int y = top; y < top + 4; y++)
        {
            for (int x = left; x < left + 4; x++)
                for (int c = 0; c < 3; c++) frame[3 * (y * width + x) + c] = (byte)random.Next(256);
        }

        for (int i = 0; i < frame.Length; i++) frame[i] = (byte)Math.Clamp(frame[i] + random.Next(-6, 7), 0, 255);
        return frame;
    }

    private static void Paint(byte[] frame, int width, int top, int left, int bottom, int right, byte level)
    {
        for (int y = top; y < bottom; y++) frame.AsSpan(3 * (y * width + left), 3 * (right - left)).Fill(level);
    }
}
