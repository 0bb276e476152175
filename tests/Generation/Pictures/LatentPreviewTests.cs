using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
using Locutor.Media;
using Locutor.Media.Pictures;
using Locutor.Media.Pictures.Decoding;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Pictures;

/// <summary>The map of previews, against latents that are a known function of the colours.</summary>
public sealed class LatentPreviewTests
{
    [Theory]
    [InlineData(1, 8, 8)]
    [InlineData(3, 7, 5)]
    public void A_linear_latent_gives_back_the_mean_colour_of_each_position(int frames, int height, int width)
    {
        using var scope = NewDisposeScope();
        var generator = new Generator((ulong)TestSeed.Value);
        var cells = rand([3, height, width], generator: generator) * 1.6 - 0.8;
        var picture = cells.repeat_interleave(8, 1).repeat_interleave(8, 2).unsqueeze(1); // [3, 1, 8 h, 8 w]
        var mixing = randn([16, 3], generator: generator);
        var latent = mixing.mm(cells.flatten(1)).reshape(16, height, width) + randn([16, 1, 1], generator: generator);
        using var preview = LatentPreview.Fit(latent.unsqueeze(1).expand(-1, frames, -1, -1).unsqueeze(0), picture, frames - 1);

        var drawn = preview.Draw(latent);
        (drawn.Width, drawn.Height).ShouldBe((width, height));
        drawn.Rgb.Zip(Pixels.ToPicture(cells).Rgb, (one, other) => Math.Abs(one - other)).Max().ShouldBeLessThanOrEqualTo(6);
        var darker = preview.Draw(latent - mixing.mm(full([3, height * width], 0.2f)).reshape(16, height, width));
        darker.Rgb.Zip(drawn.Rgb, (dark, light) => light - dark).Average().ShouldBe(0.2 * 127.5, 5, "another frame gives other colours");
    }

    [Fact]
    [Trait("uses", "convolutions")]
    public async Task The_bundled_model_gives_the_colours_of_a_portrait_back()
    {
        string path = Path.Combine(TestEnvironment.Checkout, "samples", "hana.png");
        var portrait = await PictureDecoder.DecodeAsync(path, MediaLimits.Default, TestContext.Current.CancellationToken);
        using var networks = NetworkSet.Load(ModelFinder.Find("sketch"), LoadingOptions.From(CPU, Precision.Float32));
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var picture = Pixels.FromPicture(PictureResizer.ResizeToCover(portrait, 128, 128));
        var latent = networks.Autoencoder.Encode(picture.unsqueeze(0).expand(-1, -1, 33, -1, -1));
        using var preview = LatentPreview.Fit(latent, picture, latent.shape[2] - 1);

        var drawn = preview.Draw(latent.select(0, 0).select(1, latent.shape[2] / 2));
        byte[] wanted = Pixels.ToPicture(nn.functional.adaptive_avg_pool2d(picture.squeeze(1).unsqueeze(0), (16, 16)).squeeze(0)).Rgb;
        drawn.Rgb.Zip(wanted, (one, other) => Math.Abs(one - other)).Average().ShouldBeLessThan(12);
    }
}
