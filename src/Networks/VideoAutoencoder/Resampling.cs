using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>Halves height and width, and time where asked.</summary>
internal sealed class Downsample(Weights weights, int channels, bool halvesTime)
{
    private readonly Tensor weight = weights["resample"][1].Load("weight", [channels, channels, 3, 3]);
    private readonly Tensor bias = weights["resample"][1].Load("bias", [channels], Initial.Zeros);
    private readonly Tensor? timeWeight = halvesTime ? weights["time_conv"].Load("weight", [channels, channels, 3, 1, 1]) : null;
    private readonly Tensor? timeBias = halvesTime ? weights["time_conv"].Load("bias", [channels], Initial.Zeros) : null;

    /// <param name="x">[B, C, T, H, W]</param>
    /// <returns>[B, C, T or (T + 1) / 2, H / 2, W / 2]; in a stream, as many frames as are complete, which may be none.</returns>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        var padded = pad(Layout.ToFrames(x), [0, 1, 0, 1]); // below and to the right only
        var small = Layout.ToVideo(conv2d(padded, weight, bias, strides: [2, 2]), x.shape[0]);
        return (timeWeight is null ? small : HalveTime(timeWeight, small, cache)).MoveToOuterDisposeScope();
    }

    // The first frame stays as it is; after it, output i is made of frames 2i - 2, 2i - 1 and 2i.
    private Tensor HalveTime(Tensor kernel, Tensor x, CausalCache? cache)
    {
        var kept = cache?.Kept(this); // the last frame that was an end of three, and possibly the one after it
        var frames = kept is null ? x : cat([kept, x], 2);
        long complete = (frames.shape[2] - 1) / 2;
        cache?.Keep(this, frames.narrow(2, 2 * complete, frames.shape[2] - 2 * complete));
        List<Tensor> made = kept is null ? [frames.narrow(2, 0, 1)] : [];
        if (complete > 0) made.Add(conv3d(frames, kernel, timeBias, strides: [2, 1, 1]));
        return made.Count switch { 0 => x.narrow(2, 0, 0), 1 => made[0], _ => cat(made, 2) };
    }
}

/// <summary>Doubles height and width and halves the channels; doubles time before that where asked.</summary>
internal sealed class Upsample(Weights weights, int channels, bool doublesTime)
{
    private readonly Tensor weight = weights["resample"][1].Load("weight", [channels / 2, channels, 3, 3]);
    private readonly Tensor bias = weights["resample"][1].Load("bias", [channels / 2], Initial.Zeros);
    private readonly CausalConv3d? timeConv = doublesTime ? new(weights["time_conv"], channels, 2 * channels, 3, 1) : null;

    /// <param name="x">[B, C, T, H, W]</param>
    /// <returns>[B, C / 2, T or 2T - 1 (2T in a stream that began before), 2H, 2W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        var frames = Layout.ToFrames(timeConv is null ? x : DoubleTime(timeConv, x, cache));
        return Layout.ToVideo(conv2d(Layout.Doubled(frames), weight, bias, padding: [1, 1]), x.shape[0]).MoveToOuterDisposeScope();
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
