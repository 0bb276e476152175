using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Conditioning;

/// <summary>Between 8-bit pictures and tensors.</summary>
public static class Pixels
{
    /// <returns>[3, 1, H, W] in [-1, 1], float32.</returns>
    public static Tensor FromPicture(Picture picture)
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(picture.Rgb, ScalarType.Byte).view(picture.Height, picture.Width, 3).permute(2, 0, 1).unsqueeze(1);
        return ((pixels.to(ScalarType.Float32) / 255 - 0.5) * 2).contiguous().MoveToOuterDisposeScope();
    }
}
