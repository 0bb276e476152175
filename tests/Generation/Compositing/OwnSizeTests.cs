using Locutor.Generation.Conditioning;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Models;

namespace Locutor.Generation.Tests.Compositing;

/// <summary>The size of a composed video follows the portrait.</summary>
public sealed class OwnSizeTests
{
    [Theory]
    [InlineData(512, 512, 512, 512)]
    [InlineData(4000, 3000, 768, 768)]
    [InlineData(401, 600, 400, 400)]
    [InlineData(90, 90, 128, 128)] // smaller than what is drawn
    public async Task A_video_has_the_size_of_its_portrait_up_to_the_largest(int pictureHeight, int pictureWidth, int height, int width)
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("locutor-own-size").FullName, "a.png");
        await PictureEncoder.SaveAsync(
            new Picture(pictureWidth, pictureHeight, TestSeed.NewRandom().Bytes(3 * pictureWidth * pictureHeight)), path,
            TestContext.Current.CancellationToken);
        await using (var pictures = await SourcePictures.OpenAsync(
            path, [[128, 128]], MediaLimits.Default, TestContext.Current.CancellationToken, new CompositionOptions(768, 5, 16)))
        {
            (pictures.VideoHeight, pictures.VideoWidth).ShouldBe((height, width));
            (pictures.Height, pictures.Width).ShouldBe((128, 128));
            (pictures.Target!.Height, pictures.Target.Width).ShouldBe((height, width));
            var drawn = await pictures.AtAsync(0, TestContext.Current.CancellationToken);
            (drawn.Height, drawn.Width).ShouldBe((128, 128));
        }
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Theory]
    [InlineData(96, 160, 1080, 1920, 460, 768)]
    [InlineData(160, 96, 1920, 1081, 768, 460)]
    [InlineData(96, 160, 300, 400, 240, 400)]
    public void The_shape_is_the_buckets_and_both_sides_are_even(
        int bucketHeight, int bucketWidth, int pictureHeight, int pictureWidth, int height, int width) =>
        SizeBuckets.OwnSize((bucketHeight, bucketWidth), (pictureHeight, pictureWidth), 768).ShouldBe((height, width));
}
