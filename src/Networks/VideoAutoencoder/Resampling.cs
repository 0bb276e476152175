using Locutor.Kernels;
using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// Halves height and width and, if <paramref name="halvesTime"/> is true, the number of frames.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 66, at commit 0107cd9.
/// </summary>
internal sealed class Downsample(Weights weights, int channels, bool halvesTime)
{
    private readonly BiasedConvolution halveSpace = new(weights["resample"][1], [channels, channels, 3, 3], strides: [2, 2]);
    private readonly BiasedConvolution? halveTime = halvesTime
        ? new(weights["time_conv"], [channels, channels, 3, 1, 1], strides: [2, 1, 1])
        : null;

    /// <summary>Computes the layer.</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    /// <param name="cache">Cache of the video of which x is the next chunk; null if x is a whole video.</param>
    /// <returns>[B, C, T or (T + 1) / 2, H / 2, W / 2]. With a cache, only complete frames are returned, which may be none.</returns>
    public Tensor Forward(Tensor x, CausalCache? cache) => Scoped(() =>
    {
        var padded = pad(Layout.ToFrames(x), [0, 1, 0, 1]); // at the bottom and on the right only
        var small = Layout.ToVideo(halveSpace.Forward(padded), x.shape[0]);
        return halveTime is null ? small : HalveTime(halveTime, small, cache);
    });

    /// <summary>Keeps the first frame; each later output i depends on the frames 2i - 2, 2i - 1 and 2i.</summary>
    private Tensor HalveTime(BiasedConvolution conv, Tensor x, CausalCache? cache)
    {
        var cached = cache?.Get(this); // the last frame of a complete output, and possibly the frame after it
        var frames = cached is null ? x : cat([cached, x], 2);
        long complete = (frames.shape[2] - 1) / 2;
        cache?.Set(this, frames.narrow(2, 2 * complete, frames.shape[2] - 2 * complete));
        List<Tensor> outputs = cached is null ? [frames.narrow(2, 0, 1)] : [];
        if (complete > 0) outputs.Add(conv.Forward(frames));
        return outputs.Count switch { 0 => x.narrow(2, 0, 0), 1 => outputs[0], _ => cat(outputs, 2) };
    }
}

/// <summary>
/// Doubles height and width and reduces the channels. It may double the number of frames first.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 66, at commit 0107cd9.
/// </summary>
internal sealed class Upsample
{
    private readonly BiasedConvolution reduceChannels;
    private readonly CausalConv3d? timeConv;
    private readonly Tensor? phases; // the weights for the kernel that doubles and convolves at once

    /// <summary>Loads the layer.</summary>
    /// <param name="weights">Place of the layer.</param>
    /// <param name="channels">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="doublesTime">Whether it doubles the number of frames.</param>
    public Upsample(Weights weights, int channels, int outputs, bool doublesTime)
    {
        reduceChannels = new(weights["resample"][1], [outputs, channels, 3, 3], padding: [1, 1]);
        timeConv = doublesTime ? new(weights["time_conv"], channels, 2 * channels, 3, 1) : null;
        if (!reduceChannels.Weight.requires_grad && FrameConvolution.ServesDoubling(weights.Device, weights.Type, channels, outputs))
            phases = Detached(() => FrameConvolution.ArrangePhases(reduceChannels.Weight));
    }

    /// <summary>Computes the layer.</summary>
    /// <param name="x">[B, C, T, H, W]</param>
    /// <param name="cache">Cache of the video of which x is the next chunk; null if x is a whole video.</param>
    /// <returns>[B, outputs, T or 2T - 1 (2T after the first chunk), 2H, 2W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache) => Scoped(() =>
    {
        var video = timeConv is null ? x : DoubleTime(timeConv, x, cache);
        if (phases is not null && FrameConvolution.CanRun(video, phases))
            return FrameConvolution.ApplyDoubling(video, phases, reduceChannels.Bias);
        var frames = Layout.ToFrames(video);
        return Layout.ToVideo(reduceChannels.Forward(Layout.Doubled(frames)), x.shape[0]);
    });

    /// <summary>Keeps the first frame. The convolution starts with the second one, before which it assumes zeros.</summary>
    private Tensor DoubleTime(CausalConv3d conv, Tensor x, CausalCache? cache)
    {
        bool first = cache is null || cache.IsFirstCall(this);
        if (first && x.shape[2] == 1) return x;
        var later = first ? x.narrow(2, 1, x.shape[2] - 1) : x;
        var doubled = conv.ForwardPairs(later, cache);
        return first ? cat([x.narrow(2, 0, 1), doubled], 2) : doubled;
    }
}

/// <summary>Converts the channels of each place to a square of pixels: [B, 3 side^2, T, H, W] becomes [B, 3, T, side H, side W].</summary>
internal sealed class PixelShuffle(int side)
{
    /// <summary>Computes the layer.</summary>
    /// <param name="x">[B, side * side * 3, T, H, W]; its channels are the rows of the square, the columns, and the colours.</param>
    /// <param name="cache">Not used: frames do not depend on each other.</param>
    public Tensor Forward(Tensor x, CausalCache? cache) => Scoped(() =>
    {
        var squares = x.permute(0, 2, 3, 4, 1).unflatten(4, [side, side, 3]); // [B, T, H, W, side, side, 3]
        return squares.permute(0, 1, 2, 4, 3, 5, 6).flatten(4, 5).flatten(2, 3).permute(0, 4, 1, 2, 3);
    });
}

/// <summary>A convolution of channels-last frames or videos, with its weight and bias.</summary>
internal sealed class BiasedConvolution
{
    private readonly Convolution convolution;

    /// <summary>Loads the convolution.</summary>
    /// <param name="weights">Place of <c>weight</c> and <c>bias</c>.</param>
    /// <param name="shape">[outputs, inputs, kernel]</param>
    /// <param name="strides">One for each axis; null: 1.</param>
    /// <param name="padding">Zeros on both sides of each axis; null: none.</param>
    public BiasedConvolution(Weights weights, long[] shape, long[]? strides = null, long[]? padding = null)
    {
        Weight = weights.Load("weight", shape);
        Bias = weights.Load("bias", [shape[0]], Initial.Zeros);
        convolution = new Convolution(Weight, strides, padding, channelsLast: true);
        Weight = convolution.Prepare(Weight);
        Bias = convolution.Prepare(Bias);
    }

    /// <summary>[outputs, inputs, kernel]; on a CPU maybe in the form that its path reads.</summary>
    public Tensor Weight { get; }

    /// <summary>[outputs]; on a CPU maybe in the form that its path reads.</summary>
    public Tensor Bias { get; }

    /// <summary>Computes the convolution.</summary>
    public Tensor Forward(Tensor x) => convolution.Forward(x, Weight, Bias);
}
