using System.Runtime.InteropServices;
using Locutor.Generation.Pictures;
using Locutor.Media.Pictures;
using Locutor.Networks.FaceUpsampler;
using static TorchSharp.torch;

namespace Locutor.Generation.Compositing;

/// <summary>Upsamples moving parts of frames to the portrait's size with the bundle's upsampler.</summary>
public sealed class PartUpsampler : IDisposable
{
    /// <summary>Batch size of the upsampler in frames.</summary>
    private const int AtOnce = 8;

    private readonly FaceUpsampler network;
    private readonly Device device;
    private readonly Tensor reference; // [1, 3, h, w]
    private readonly Tensor portrait; // [1, 3, factor * h, factor * w]

    /// <summary>Creates the upsampler for a portrait.</summary>
    /// <param name="network">The upsampler.</param>
    /// <param name="device">The device of the upsampler.</param>
    /// <param name="target">The portrait, at any size.</param>
    /// <param name="reference">The portrait after the autoencoder, at the generated size.</param>
    public PartUpsampler(FaceUpsampler network, Device device, Picture target, Picture reference)
    {
        (this.network, this.device) = (network, device);
        int height = network.Config.Factor * reference.Height, width = network.Config.Factor * reference.Width;
        var large = (target.Height, target.Width) == (height, width) ? target : PictureResizer.Resize(target, height, width);
        this.reference = OnDevice(reference);
        portrait = OnDevice(large);
    }

    public int Factor => network.Config.Factor;

    /// <summary>Upsamples one part in all frames.</summary>
    /// <param name="frames">Rows of R, G, B at the generated size.</param>
    /// <param name="width">Width of a frame in pixels.</param>
    /// <param name="box">Box of the part in generated pixels.</param>
    /// <returns>The upsampled box of every frame.</returns>
    public IReadOnlyList<DrawnPart> Draw(IReadOnlyList<byte[]> frames, int width, PixelRegion box)
    {
        using var still = no_grad();
        var parts = new List<DrawnPart>(frames.Count);
        for (int first = 0; first < frames.Count; first += AtOnce)
        {
            using var scope = NewDisposeScope();
            byte[][] some = [.. frames.Skip(first).Take(AtOnce)];
            var drawn = (Cut(some, width, box).to(device).to(ScalarType.Float32) / 127.5 - 1).permute(0, 3, 1, 2); // [B, 3, h, w]
            var upsampled = network.Forward(drawn, Crop(reference, box, 1), Crop(portrait, box, Factor));
            // [B, H, W, 3]
            var made = ((upsampled + 1) * 127.5).clamp(0, 255).permute(0, 2, 3, 1).contiguous().cpu();
            // The accessor's ToArray copies one element at a time.
            for (int i = 0; i < some.Length; i++)
                parts.Add(new DrawnPart(box, Factor, MemoryMarshal.Cast<byte, float>(made[i].bytes).ToArray()));
        }
        return parts;
    }

    public void Dispose()
    {
        reference.Dispose();
        portrait.Dispose();
    }

    private static Tensor Crop(Tensor picture, PixelRegion box, int factor) =>
        picture.narrow(2, factor * box.Top, factor * (box.Bottom - box.Top)).narrow(3, factor * box.Left, factor * (box.Right - box.Left));

    private static Tensor Cut(byte[][] frames, int width, PixelRegion box)
    {
        int rows = box.Bottom - box.Top, length = 3 * (box.Right - box.Left);
        byte[] cut = new byte[frames.Length * rows * length];
        for (int f = 0; f < frames.Length; f++)
        {
            for (int y = 0; y < rows; y++)
                frames[f].AsSpan(3 * ((box.Top + y) * width + box.Left), length).CopyTo(cut.AsSpan((f * rows + y) * length));
        }

        return tensor(cut, ScalarType.Byte).view(frames.Length, rows, length / 3, 3);
    }

    private Tensor OnDevice(Picture picture)
    {
        using var scope = NewDisposeScope();
        return Pixels.FromPicture(picture).transpose(0, 1).contiguous().to(device).DetachFromDisposeScope();
    }
}
