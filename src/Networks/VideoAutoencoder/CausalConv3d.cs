using Locutor.Networks.Layers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// A convolution over time and space that sees no later frame: zeros stand before the first frame, and around every frame.
/// Stride 1, so as many frames come out as go in.
/// </summary>
internal sealed class CausalConv3d
{
    private readonly int inputs, time, space;
    private readonly Tensor weight;
    private readonly Tensor bias;
    private readonly Convolution convolution;
    private readonly Tensor[]? taps; // the parts of a weight that is not trained, one for each frame that is seen

    // A 3x3x3 convolution as one conv3d or as three conv2d of the frames before, added up. GFLOP/s of two cores (AVX-512 with
    // bf16), channels last, 9 x 96 x 96, conv3d / 3 conv2d:
    //   channels   3->32     8       16        24        32        48        64        96        128
    //   float32    57/124    9/95    17/174    159/142   209/190   211/200   228/81    222/199   224/211
    //   bfloat16   158/103   104/91  214/188   165/147   436/379   232/404   461/434   454/439   459/450
    // Channels first is slower everywhere, by up to half.
    private readonly bool frameByFrame;

    // On a GPU it may be one conv2d of three frames side by side in their channels. TFLOP/s of an H100 (bfloat16, channels last), conv3d / conv2d:
    // 96 channels of 8 x 640 x 640 243/575, 192 of 8 x 320 x 320 580/573, 384 of 4 x 160 x 160 569/779, 384 of 21 x 80 x 80 599/793.
    // Laying frames side by side costs a copy of three, which 192 channels do not repay.
    private readonly bool sideBySide;

    public CausalConv3d(Weights weights, int inputs, int outputs, int time, int space)
    {
        (this.inputs, this.time, this.space) = (inputs, time, space);
        weight = weights.Load("weight", [outputs, inputs, time, space, space]);
        bias = weights.Load("bias", [outputs], Initial.Zeros);
        frameByFrame = time > 1 && weights.Device.type == DeviceType.CPU
            && (weights.Type == ScalarType.BFloat16 ? inputs > 32 && inputs % 32 == 16 : inputs < 24);
        sideBySide = time > 1 && space > 1 && weights.Device.type == DeviceType.CUDA && weights.Type != ScalarType.Float32
            && inputs is >= 32 and < 144 or > 256;
        long pad = space / 2;
        convolution = frameByFrame
            ? new Convolution(weight.select(2, 0), padding: [pad, pad], channelsLast: true)
            : new Convolution(weight, padding: [0, pad, pad], channelsLast: true);
        if (frameByFrame && !weight.requires_grad) taps = [.. Enumerable.Range(0, time).Select(t => convolution.Prepare(weight.select(2, t)))];
        else weight = convolution.Prepare(weight);
        bias = convolution.Prepare(bias);
    }

    /// <param name="x">[B, inputs, T, H, W]</param>
    /// <param name="cache">Of the video that x goes on with; none when x is a whole video.</param>
    /// <returns>[B, outputs, T, H, W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        return Convolve(time == 1 ? x : WithPast(x, cache)).MoveToOuterDisposeScope();
    }

    /// <summary>The same of silu(norm(x)), which where it can is written straight behind the frames before.</summary>
    public Tensor Forward(ChannelNorm norm, Tensor x, CausalCache? cache)
    {
        using var scope = NewDisposeScope();
        if (!ChannelNorm.WritesInto(x)) return Forward(norm.ForwardSilu(x), cache).MoveToOuterDisposeScope();
        return (sideBySide ? NormedSideBySide(norm, x, cache) : Normed(norm, x, cache)).MoveToOuterDisposeScope();
    }

    private Tensor Normed(ChannelNorm norm, Tensor x, CausalCache? cache)
    {
        int history = time - 1;
        var past = Layout.EmptyLike(x, history + x.shape[2]);
        Remember(past.narrow(2, 0, history), cache?.Kept(this));
        norm.ForwardSilu(x, past.narrow(2, history, x.shape[2]));
        cache?.Keep(this, past.narrow(2, x.shape[2], history));
        return Convolve(past);
    }

    private Tensor NormedSideBySide(ChannelNorm norm, Tensor x, CausalCache? cache)
    {
        int history = time - 1;
        long frames = x.shape[2];
        var wide = empty([1, frames, x.shape[3], x.shape[4], time * inputs], x.dtype, x.device);
        var kept = cache?.Kept(this);
        for (int before = 0; before < history; before++)
            for (int frame = 0; frame <= before && frame < frames; frame++) Remember(Part(wide, frame, before - frame, 1), kept?.narrow(2, before, 1));
        norm.ForwardSilu(x, wide, time);
        cache?.Keep(this, Part(wide, frames - 1, 1, history));
        return Convolved(wide);
    }

    /// <summary>What one frame sees of some frames, the first of them so many after the earliest it sees: [1, inputs, count, H, W].</summary>
    private Tensor Part(Tensor wide, long frame, int after, int count) =>
        wide.select(1, frame).narrow(3, after * inputs, count * inputs).unflatten(3, [count, inputs]).permute(0, 4, 3, 1, 2);

    private static void Remember(Tensor place, Tensor? kept)
    {
        if (kept is null) place.zero_();
        else place.copy_(kept);
    }

    /// <param name="past">[B, inputs, time - 1 + T, H, W]</param>
    private Tensor Convolve(Tensor past)
    {
        long frames = past.shape[2] - time + 1;
        return frameByFrame ? AddedUp(past, frames) : sideBySide ? SideBySide(past, frames) : convolution.Forward(past, weight, bias);
    }

    private Tensor SideBySide(Tensor past, long frames)
    {
        var pixels = past.permute(0, 2, 3, 4, 1);
        return Convolved(cat([.. Enumerable.Range(0, time).Select(t => pixels.narrow(1, t, frames))], 4));
    }

    /// <param name="wide">[B, T, H, W, time * inputs]</param>
    private Tensor Convolved(Tensor wide)
    {
        var kernel = weight.transpose(1, 2).flatten(1, 2); // [outputs, time * inputs, space, space]
        return Layout.ToVideo(conv2d(wide.flatten(0, 1).permute(0, 3, 1, 2), kernel, bias, padding: [space / 2, space / 2]), wide.shape[0]);
    }

    private Tensor WithPast(Tensor x, CausalCache? cache)
    {
        int history = time - 1;
        var kept = cache?.Kept(this) ?? Layout.ZerosLike(x, history);
        var past = cat([kept, x], 2);
        cache?.Keep(this, past.narrow(2, past.shape[2] - history, history));
        return past;
    }

    private Tensor AddedUp(Tensor past, long frames)
    {
        var sum = Frame(past, 0, frames, bias);
        for (int t = 1; t < time; t++) sum = sum + Frame(past, t, frames, null);
        return Layout.ToVideo(sum, past.shape[0]);
    }

    private Tensor Frame(Tensor past, int offset, long frames, Tensor? bias) =>
        convolution.Forward(Layout.ToFrames(past.narrow(2, offset, frames)), taps?[offset] ?? weight.select(2, offset), bias);
}
