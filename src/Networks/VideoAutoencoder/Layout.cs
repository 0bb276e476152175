using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Memory layout of videos: axes are [B, C, T, H, W], memory is [B, T, H, W, C]. Convolutions are fastest with this layout, and a video is
/// a batch of frames, or of tokens, without a copy.
/// </summary>
internal static class Layout
{
    /// <summary>Copies a video to memory with its channels last.</summary>
    public static Tensor ChannelsLast(Tensor video) => Scoped(() => video.permute(0, 2, 3, 4, 1).contiguous().permute(0, 4, 1, 2, 3));

    /// <summary>Views a video [B, C, T, H, W] as frames [B * T, C, H, W].</summary>
    public static Tensor ToFrames(Tensor video)
    {
        using var timeFirst = video.transpose(1, 2);
        return timeFirst.flatten(0, 1);
    }

    /// <summary>Views frames [B * T, C, H, W] as a video [B, C, T, H, W].</summary>
    public static Tensor ToVideo(Tensor frames, long batch)
    {
        using var timeFirst = frames.unflatten(0, [batch, frames.shape[0] / batch]);
        return timeFirst.transpose(1, 2);
    }

    /// <summary>Creates frames of zeros with the other sizes of the video.</summary>
    public static Tensor ZerosLike(Tensor video, long frames) => EmptyLike(video, frames).zero_();

    /// <summary>Creates uninitialised frames with the other sizes of the video.</summary>
    public static Tensor EmptyLike(Tensor video, long frames) => EmptyLike(video, frames, video.shape[3], video.shape[4]);

    /// <summary>Creates uninitialised frames of another height and width.</summary>
    public static Tensor EmptyLike(Tensor video, long frames, long height, long width)
    {
        using var blank = empty([video.shape[0], frames, height, width, video.shape[1]], video.dtype, video.device);
        return blank.permute(0, 4, 1, 2, 3);
    }

    /// <summary>
    /// Doubles height and width by repeating pixels: [N, C, H, W] becomes [N, C, 2H, 2W]. On a GPU this is twice as fast as libtorch's
    /// nearest neighbour.
    /// </summary>
    public static Tensor Doubled(Tensor frames) => Scoped(() =>
    {
        var pixels = frames.permute(0, 2, 3, 1).unsqueeze(2).unsqueeze(4); // [N, H, 1, W, 1, C]
        long[] shape = [pixels.shape[0], pixels.shape[1], 2, pixels.shape[3], 2, pixels.shape[5]];
        return pixels.expand(shape).reshape(shape[0], 2 * shape[1], 2 * shape[3], shape[5]).permute(0, 3, 1, 2);
    });
}
