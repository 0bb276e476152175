using Locutor.Media.Pictures;
using static TorchSharp.torch;

namespace Locutor.Generation.Pictures;

/// <summary>Converts between 8-bit pictures and tensors.</summary>
public static class Pixels
{
    /// <summary>Converts a picture to a tensor.</summary>
    /// <returns>[3, 1, H, W] in [-1, 1], float32.</returns>
    public static Tensor FromPicture(Picture picture)
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(picture.Rgb, ScalarType.Byte).view(picture.Height, picture.Width, 3).permute(2, 0, 1).unsqueeze(1);
        return ((pixels.to(ScalarType.Float32) / 255 - 0.5) * 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Converts a tensor to a picture.</summary>
    /// <param name="frame">[3, H, W] in [-1, 1] on any device; values outside are clamped.</param>
    public static Picture ToPicture(Tensor frame)
    {
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var bytes = ((frame.to(ScalarType.Float32) + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte).permute(1, 2, 0).contiguous()
            .cpu();
        return new Picture((int)frame.shape[2], (int)frame.shape[1], bytes.bytes.ToArray());
    }
}
