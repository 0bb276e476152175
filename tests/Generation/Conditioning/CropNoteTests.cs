using Locutor.Generation.Conditioning;
using Locutor.Media;
using Locutor.Media.Pictures;

namespace Locutor.Generation.Tests.Conditioning;

/// <summary>The note about the part that is cut off a picture whose shape differs from the shape of the video.</summary>
public sealed class CropNoteTests
{
    [Theory]
    [InlineData(270, 480, 256, 256, "is 270x480 and the video 256x256, so 105 rows at the top and as many at the bottom are cut off")]
    [InlineData(
        1920, 1080, 128, 128, "is 1920x1080 and the video 128x128, so 420 columns at the left and as many at the right are cut off")]
    [InlineData(1000, 1000, 832, 448, "so 231 columns at the left and as many at the right are cut off")]
    public async Task The_rows_or_columns_are_counted_in_the_source(int width, int height, int videoHeight, int videoWidth, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("locutor-crop").FullName;
        try
        {
            string path = Path.Combine(folder, "a.png");
            await PictureEncoder.SaveAsync(Gradient(width, height), path, TestContext.Current.CancellationToken);
            await using var pictures = await SourcePictures.OpenAsync(
                path, [[videoHeight, videoWidth]], MediaLimits.Default, TestContext.Current.CancellationToken);
            string note = pictures.Notes.ShouldHaveSingleItem();
            note.ShouldStartWith(path);
            note.ShouldContain(
                expected.Replace($"video {videoHeight}x{videoWidth}", $"video {videoWidth}x{videoHeight}", StringComparison.Ordinal));
            // The count is right: the first row (or column) of the video is the first one that the note does not count as cut off.
            var first = await pictures.AtAsync(0, TestContext.Current.CancellationToken);
            double cut = (expected.Contains("rows", StringComparison.Ordinal) ? first.Rgb[1] * height : first.Rgb[0] * (double)width) / 255;
            int told = int.Parse(note.Split(" so ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
            cut.ShouldBe(told, Math.Max(width, height) * 0.02);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_picture_that_nearly_fits_has_no_note()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("locutor-crop").FullName, "a.png");
        await PictureEncoder.SaveAsync(Gradient(261, 256), path, TestContext.Current.CancellationToken);
        await using (
            var pictures = await SourcePictures.OpenAsync(path, [[256, 256]], MediaLimits.Default, TestContext.Current.CancellationToken))
        {
            pictures.Notes.ShouldBeEmpty();
        }

        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    /// <summary>Red grows to the right and green downwards.</summary>
    private static Picture Gradient(int width, int height)
    {
        byte[] rgb = new byte[3 * width * height];
        for (int p = 0; p < width * height; p++)
            (rgb[3 * p], rgb[3 * p + 1]) = ((byte)(p % width * 255 / width), (byte)(p / width * 255 / height));
        return new Picture(width, height, rgb);
    }
}
