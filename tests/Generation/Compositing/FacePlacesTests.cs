using Locutor.Generation.Compositing;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Pictures;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Tests.Compositing;

/// <summary>The shape of a composed video is the portrait's; the networks generate a square in it.</summary>
public sealed class FacePlacesTests
{
    private static readonly CompositionOptions Options = new(768, AddedFrom: 5, ReplacedFrom: 16);
    private readonly Random random = TestSeed.NewRandom();

    [Theory]
    [InlineData(512, 512, 512, 512, 0, 0, 512)]
    [InlineData(900, 1200, 576, 768, 0, 96, 576)]
    [InlineData(1920, 1080, 768, 432, 168, 0, 432)]
    [InlineData(1080, 1920, 432, 768, 0, 168, 432)]
    [InlineData(600, 401, 600, 400, 100, 0, 400)]
    [InlineData(90, 90, 128, 128, 0, 0, 128)] // smaller than the generated frames
    [InlineData(100, 4000, 128, 512, 0, 192, 128)] // a strip loses its ends
    public async Task A_video_has_the_shape_of_its_portrait_and_a_square_for_the_face(
        int pictureHeight, int pictureWidth, int height, int width, int top, int left, int side)
    {
        await using var pictures = await OpenAsync(pictureHeight, pictureWidth, null);
        (pictures.VideoHeight, pictures.VideoWidth).ShouldBe((height, width));
        (pictures.Target!.Height, pictures.Target.Width).ShouldBe((height, width));
        pictures.Places.ShouldBe([new PixelRegion(top, left, top + side, left + side)]);
        (pictures.Height, pictures.Width).ShouldBe((128, 128));
        var drawn = await pictures.AtAsync(0, TestContext.Current.CancellationToken);
        (drawn.Height, drawn.Width).ShouldBe((128, 128));
    }

    [Fact]
    public async Task Two_people_have_a_square_each_in_their_boxes_or_halves()
    {
        await using (var halves = await OpenAsync(1080, 1920, []))
        {
            halves.Places.ShouldBe([new PixelRegion(24, 0, 408, 384), new PixelRegion(24, 384, 408, 768)]);
            halves.Still(1).Width.ShouldBe(128);
        }
        await using (var boxes = await OpenAsync(1080, 1920, [new(100, 100, 700, 900), new(1000, 200, 1600, 800)]))
        {
            boxes.Places[0].Left.ShouldBe(40);
            boxes.Places[0].Right.ShouldBe(280);
            boxes.Places[1].ShouldBe(new PixelRegion(80, 400, 320, 640));
        }
        var small = await Should.ThrowAsync<RequestException>(() => OpenAsync(1080, 1920, [new(0, 0, 200, 900), new(1000, 0, 1600, 800)]));
        small.Message.ShouldContain("at least 320 x 320 pixels");
        (await Should.ThrowAsync<RequestException>(() => OpenAsync(100, 100, [new(0, 0, 50, 50), new(60, 0, 160, 50)])))
            .Message.ShouldContain("inside the picture of 100 x 100 pixels");
    }

    [Fact]
    public void A_face_moves_in_its_place_and_nothing_around_it()
    {
        const int height = 150, width = 210, drawn = 32;
        var portrait = new Picture(width, height, random.Bytes(3 * height * width));
        var place = new PixelRegion(20, 60, 120, 160);
        var reference = new Picture(drawn, drawn, [.. Enumerable.Repeat((byte)100, 3 * drawn * drawn)]);
        byte[] still = [.. reference.Rgb], changed = [.. Enumerable.Repeat((byte)200, 3 * drawn * drawn)];
        using var video = new ComposedVideo(portrait, [new ComposedFace(portrait, place, reference, Options)]);
        byte[][] frames = Copies(video.Compose([still, changed]));
        frames[0].ShouldBe(portrait.Rgb);
        ((int)frames[1][3 * (70 * width + 110)]).ShouldBe(200, "the middle of the place");
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                if (y >= place.Top && y < place.Bottom && x >= place.Left && x < place.Right) continue;
                frames[1].AsSpan(3 * (y * width + x), 3).SequenceEqual(portrait.Rgb.AsSpan(3 * (y * width + x), 3))
                    .ShouldBeTrue($"{x}, {y}");
            }
        }
        int edge = 3 * (70 * width + place.Left), before = portrait.Rgb[edge];
        ((double)frames[1][edge]).ShouldBe(before + 0.1 * (200 - before), 2, "the edge of the place is blended into the portrait");
    }

    [Fact]
    public void Frames_do_not_depend_on_the_number_of_threads()
    {
        const int height = 150, width = 211, drawn = 32;
        var portrait = new Picture(width, height, random.Bytes(3 * height * width));
        byte[][] clip = [.. Enumerable.Range(0, 7).Select(_ => random.Bytes(3 * drawn * drawn))];
        byte[][] one = Compose(1), three = Compose(3);
        for (int frame = 1; frame < one.Length; frame++) one[frame].SequenceEqual(one[frame - 1]).ShouldBeFalse("every frame differs");
        for (int frame = 0; frame < one.Length; frame++) three[frame].SequenceEqual(one[frame]).ShouldBeTrue($"frame {frame}");

        byte[][] Compose(int threads)
        {
            // Two people; the first square is cut by a border of the portrait.
            PixelRegion[] places = [new(-10, -5, 100, 105), new(30, 110, 130, 210)];
            var reference = new Picture(drawn, drawn, [.. Enumerable.Repeat((byte)100, 3 * drawn * drawn)]);
            ComposedFace[] faces = [.. places.Select((place, person) =>
                new ComposedFace(portrait, place, reference, Options, motion: new HeadMotion(null, person, 1)))];
            using var video = new ComposedVideo(portrait, faces, 50, threads);
            return [.. Enumerable.Range(0, 2).SelectMany(_ => Copies(video.Compose(clip, [.. clip.Reverse()])))];
        }
    }

    private static byte[][] Copies(IEnumerable<byte[]> frames) => [.. frames.Select(frame => (byte[])frame.Clone())];

    private static async Task<SourcePictures> OpenAsync(int height, int width, IReadOnlyList<SpeakerBox>? people)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("locutor-places").FullName, "a.png");
        try
        {
            await PictureEncoder.SaveAsync(
                new Picture(width, height, new byte[3 * width * height]), path, TestContext.Current.CancellationToken);
            return await SourcePictures.OpenAsync(
                path, [[128, 128]], MediaLimits.Default, TestContext.Current.CancellationToken, Options, people);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }
}
