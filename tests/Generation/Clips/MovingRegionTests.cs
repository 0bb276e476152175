using Locutor.Generation.Clips;
using Locutor.Generation.Pictures;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoAutoencoder;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Clips;

public sealed class MovingRegionTests
{
    [Fact]
    public void The_region_contains_the_moving_cells_and_a_margin_inside_the_picture()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)TestSeed.Value, CPU);
        var still = randn([1, 16, 3, 16, 12], generator: generator);
        var latent = still + 0.01 * randn([1, 16, 3, 16, 12], generator: generator);
        MovingRegion.Find(latent, still).IsEmpty.ShouldBeTrue();
        latent[.., .., 1, 7, 5] += 0.3;
        MovingRegion.Find(latent, still).ShouldBe(new PixelRegion(4, 2, 10, 8)); // one cell, two on both sides, rounded up to six
        latent[.., .., 2, 15, 0] += 0.3; // at a corner
        MovingRegion.Find(latent, still).ShouldBe(new PixelRegion(2, 0, 16, 10));
    }

    [Fact]
    public void A_cell_that_is_not_a_number_counts_as_moving()
    {
        using var scope = NewDisposeScope();
        var still = zeros([1, 16, 3, 16, 12]);
        var latent = still.clone();
        latent[0, 3, 1, 7, 5] = float.NaN;
        MovingRegion.Find(latent, still).ShouldBe(new PixelRegion(4, 2, 10, 8));
    }

    [Fact]
    public void Frames_that_equal_the_picture_have_no_region_and_one_pixel_makes_its_cell_move()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)TestSeed.Value, CPU);
        var picture = randn([3, 1, 128, 96], generator: generator);
        var frames = picture.expand(-1, 9, -1, -1).contiguous().clone();
        MovingRegion.Find(frames, picture, 8).IsEmpty.ShouldBeTrue();
        frames[1, 4, 63, 40] += 0.01;
        MovingRegion.Find(frames, picture, 8).ShouldBe(new PixelRegion(4, 2, 10, 8));
        frames[2, 8, 127, 0] = float.NaN; // at a corner
        MovingRegion.Find(frames, picture, 8).ShouldBe(new PixelRegion(2, 0, 16, 10));
    }

    [Fact]
    public void A_region_is_placed_into_a_latent_of_as_many_frames_without_changing_it()
    {
        using var scope = NewDisposeScope();
        var latent = zeros([16, 3, 8, 6]);
        var whole = MovingRegion.Place(ones([16, 3, 4, 4]), new PixelRegion(2, 0, 6, 4), latent, 1);
        latent.ShouldBeZero();
        whole[.., .., 3..5, 0..3].sub(1).ShouldBeZero();
        whole.sum().item<float>().ShouldBe(16 * 3 * 2 * 3);
    }

    [Fact]
    public void The_edge_of_the_region_is_the_picture_unless_it_is_the_edge_of_the_frame()
    {
        using var scope = NewDisposeScope();
        var picture = zeros([3, 1, 64, 48]);
        var region = new PixelRegion(4, 0, 8, 4);
        var whole = MovingRegion.Place(ones([3, 2, 32, 32]), region, picture, 8);
        whole.shape.ShouldBe([3L, 2, 64, 48]);
        whole[.., .., 40..64, 0..24].sub(1).ShouldBeZero();
        whole[.., .., 0..40, ..].ShouldBeZero();
        whole[.., .., .., 24..48].ShouldBeZero();
    }

    [Fact]
    public void A_region_decodes_nearly_as_in_the_whole_frame()
    {
        using var scope = NewDisposeScope();
        using var still = no_grad();
        using var parameters = new RandomParameters(TestSeed.Value);
        var config = new VideoAutoencoderConfig(8, 16, [1, 2], 1, [true], new float[16], [.. Enumerable.Repeat(1f, 16)]);
        var network = new VideoAutoencoder(new Weights(parameters, ScalarType.Float32, CPU), config);
        using var generator = new Generator((ulong)TestSeed.Value, CPU);
        var latent = randn([1, 16, 2, 24, 24], generator: generator);
        int stride = config.SpatialStride();
        var region = new PixelRegion(4, 4, 20, 20);
        var whole = network.Decode(latent).squeeze(0);
        var part = network.Decode(latent.narrow(3, 4, 16).narrow(4, 4, 16)).squeeze(0);
        var placed = MovingRegion.Place(part, region, whole.narrow(1, 0, 1), stride);
        var (inside, expected) = (
            placed[.., .., (8 * stride)..(16 * stride), (8 * stride)..(16 * stride)],
            whole[.., .., (8 * stride)..(16 * stride), (8 * stride)..(16 * stride)]);
        // the attention of the autoencoder sees only the region
        ((inside - expected).square().mean().sqrt() / expected.std()).item<float>().ShouldBeLessThan(0.2f);
    }
}
