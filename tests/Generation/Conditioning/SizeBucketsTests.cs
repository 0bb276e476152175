using Locutor.Generation.Conditioning;

namespace Locutor.Generation.Tests.Conditioning;

public class SizeBucketsTests
{
    [Theory]
    [InlineData(1000, 1000, 640, 640)]
    [InlineData(1920, 1080, 832, 448)]
    [InlineData(1080, 1920, 448, 896)]
    [InlineData(1, 400, 320, 1216)]
    public void The_nearest_shape_is_taken(int height, int width, int expectedHeight, int expectedWidth) =>
        SizeBuckets.Nearest(SizeBuckets.At480p, height, width).ShouldBe((expectedHeight, expectedWidth));

    [Fact]
    public void Every_bucket_divides_into_latent_patches() =>
        SizeBuckets.At480p.Concat(SizeBuckets.At720p).ShouldAllBe(bucket => bucket[0] % 16 == 0 && bucket[1] % 16 == 0);
}
