using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Halves height and width, and time where asked.</summary>
internal sealed class Downsample(Weights weights, int channels, bool halvesTime)
{
    private readonly BiasedConvolution halve = new(weights["resample"][1], [channels, channels, 3, 3], strides: [2, 2]);
    private readonly BiasedConvolution? halveTime = halvesTime ? new(weights["time_conv"], [channels, channels, 3, 1, 1], strides: [2, 1, 1]) : null;

    /// <param name="x">[B, C, T, H, W]</param>
    /// <returns>[B, C, T or (T + 1) / 2, H / 2, W / 2]; in a stream, as many frames as are complete, which may be none.</returns>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        var padded = pad(Layout.ToFrames(x), [0, 1, 0, 1]); // below and to the right only
        var small = Layout.ToVideo(halve.Forward(padded), x.shape[0]);
        return (halveTime is null ? small : HalveTime(halveTime, small, cache)).MoveToOuterDisposeScope();
    }

    // The first frame stays as it is; after it, output i is made of frames 2i - 2, 2i - 1 and 2i.
    private Tensor HalveTime(BiasedConvolution conv, Tensor x, CausalCache? cache)
    {
        var kept = cache?.Kept(this); // the last frame that was an end of three, and possibly the one after it
        var frames = kept is null ? x : cat([kept, x], 2);
        long complete = (frames.shape[2] - 1) / 2;
        cache?.Keep(this, frames.narrow(2, 2 * complete, frames.shape[2] - 2 * complete));
        List<Tensor> made = kept is null ? [frames.narrow(2, 0, 1)] : [];
        if (complete > 0) made.Add(conv.Forward(frames));
        return made.Count switch { 0 => x.narrow(2, 0, 0), 1 => made[0], _ => cat(made, 2) };
    }
}

/// <summary>Doubles height and width and halves the channels; doubles time before that where asked.</summary>
internal sealed class Upsample(Weights weights, int channels, bool doublesTime)
{
    private readonly BiasedConvolution halveChannels = new(weights["resample"][1], [channels / 2, channels, 3, 3], padding: [1, 1]);
    private readonly CausalConv3d? timeConv = doublesTime ? new(weights["time_conv"], channels, 2 * channels, 3, 1) : null;

    /// <param name="x">[B, C, T, H, W]</param>
    /// <returns>[B, C / 2, T or 2T - 1 (2T in a stream that began before), 2H, 2W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        var frames = Layout.ToFrames(timeConv is null ? x : DoubleTime(timeConv, x, cache));
        return Layout.ToVideo(halveChannels.Forward(Layout.Doubled(frames)), x.shape[0]).MoveToOuterDisposeScope();
    }

    // The first frame stays as it is, and the convolution does not see it: for it the second frame is the first.
    private Tensor DoubleTime(CausalConv3d conv, Tensor x, CausalCache? cache)
    {
        bool begins = cache is null || cache.Begins(this);
        if (begins && x.shape[2] == 1) return x;
        var later = begins ? x.narrow(2, 1, x.shape[2] - 1) : x;
        var pairs = conv.Forward(later, cache).unflatten(1, [2, channels]); // [B, 2, C, T, H, W]
        var doubled = pairs.permute(0, 3, 1, 4, 5, 2).flatten(1, 2).permute(0, 4, 1, 2, 3); // [B, C, 2T, H, W]
        return begins ? cat([x.narrow(2, 0, 1), doubled], 2) : doubled;
    }
}

/// <summary>A convolution of channels-last frames or videos with its weight and bias.</summary>
internal sealed class BiasedConvolution
{
    private readonly Convolution convolution;
    private readonly Tensor weight;
    private readonly Tensor bias;

    /// <param name="shape">[outputs, inputs, kernel]</param>
    public BiasedConvolution(Weights weights, long[] shape, long[]? strides = null, long[]? padding = null)
    {
        weight = weights.Load("weight", shape);
        bias = weights.Load("bias", [shape[0]], Initial.Zeros);
        convolution = new Convolution(weight, strides, padding, channelsLast: true);
        weight = convolution.Prepare(weight);
        bias = convolution.Prepare(bias);
    }

    public Tensor Forward(Tensor x) => convolution.Forward(x, weight, bias);
}
