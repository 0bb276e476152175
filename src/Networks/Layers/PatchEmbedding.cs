using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.Layers;

/// <summary>
/// Projects every square patch of every frame to a token. Patches do not overlap, so this convolution is a matrix product over unfolded
/// patches; computing it as such needs no convolution library.
/// </summary>
/// <param name="weight">[width, C, patch, patch], or [width, C, 1, patch, patch].</param>
/// <param name="bias">[width], or null for none.</param>
internal sealed class PatchEmbedding(Tensor weight, Tensor? bias)
{
    private readonly long patch = weight.shape[^1];

    /// <summary>Computes the tokens, frame by frame and row by row.</summary>
    /// <param name="x">[B, C, F, H, W]; H and W are multiples of the patch.</param>
    /// <returns>[B, F * H / patch * W / patch, width]</returns>
    public Tensor Forward(Tensor x) => Scoped(() =>
    {
        var patches = x.unflatten(4, [x.shape[4] / patch, patch]).unflatten(3, [x.shape[3] / patch, patch]) // [B, C, F, h, p, w, p]
            .permute(0, 2, 3, 5, 1, 4, 6).flatten(4).flatten(1, 3); // [B, F * h * w, C * p * p]
        return linear(patches, weight.flatten(1), bias);
    });
}
