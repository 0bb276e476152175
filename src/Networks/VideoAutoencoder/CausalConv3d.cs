using Locutor.Kernels;
using Locutor.Networks.Layers;
using TorchSharp;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>
/// A causal convolution over time and space with stride 1: an output frame depends on its own input frame and on earlier ones. Frames
/// before the first, and pixels outside of a frame, are zeros.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/vae.py, line 17, at commit 0107cd9.
/// </summary>
internal sealed class CausalConv3d
{
    private readonly int inputs, time, space;
    private readonly Tensor weight;
    private readonly Tensor bias;
    private readonly Convolution convolution;
    private readonly Tensor[]? taps; // one 2-D kernel for each frame, if the weight is not trained

    // A 3x3x3 convolution is computed as one conv3d or as the sum of three conv2d. GFLOP/s of two cores (AVX-512 with bf16), channels last,
    // 9 x 96 x 96 pixels, conv3d / 3 conv2d:
    //   channels   3->32     8       16        24        32        48        64        96        128
    //   float32    57/124    9/95    17/174    159/142   209/190   211/200   228/81    222/199   224/211
    //   bfloat16   158/103   104/91  214/188   165/147   436/379   232/404   461/434   454/439   459/450
    // Channels first is slower for all sizes, by up to 50 %.
    private readonly bool sumsFrames;

    // On a GPU, it may be one conv2d over three frames concatenated in their channels. TFLOP/s of an H100 (bfloat16, channels last),
    // conv3d / conv2d: 96 channels of 8 x 640 x 640 243/575, 192 of 8 x 320 x 320 580/573, 384 of 4 x 160 x 160 569/779, 384 of
    // 21 x 80 x 80 599/793. The concatenation copies every frame three times, so it is not used for 192 channels.
    private readonly bool concatenatesFrames;

    // On a GPU that has it, the kernel is faster than both. TFLOP/s of an H200 (bfloat16, bias included), the faster of both / kernel:
    // 96 channels of 16 x 640 x 640 393/740, 192 of 16 x 320 x 320 513/765, 384 of 8 x 160 x 160 638/708, 384 of 4 x 80 x 80 542/625.
    private readonly bool hasKernel;

    /// <summary>Loads the convolution and chooses how it is computed.</summary>
    /// <param name="weights">Place of <c>weight</c> and <c>bias</c>.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="time">Kernel size over time.</param>
    /// <param name="space">Kernel size over height and width.</param>
    public CausalConv3d(Weights weights, int inputs, int outputs, int time, int space)
    {
        (this.inputs, this.time, this.space) = (inputs, time, space);
        weight = weights.Load("weight", [outputs, inputs, time, space, space]);
        hasKernel = !weight.requires_grad && FrameConvolution.Serves(weights.Device, weights.Type, inputs, outputs);
        if (hasKernel)
        {
            weight = Detached(() => FrameConvolution.Arrange(weight));
            weights.Forget(); // the network keeps the arranged copy
        }
        bias = weights.Load("bias", [outputs], Initial.Zeros);
        sumsFrames = time > 1 && weights.Device.type == DeviceType.CPU
            && (weights.Type == ScalarType.BFloat16 ? inputs > 32 && inputs % 32 == 16 : inputs < 24);
        concatenatesFrames = !hasKernel && time > 1 && space > 1 && weights.Device.type == DeviceType.CUDA
            && weights.Type != ScalarType.Float32 && inputs is >= 32 and < 144 or > 256;
        long pad = space / 2;
        convolution = sumsFrames
            ? new Convolution(weight.select(2, 0), padding: [pad, pad], channelsLast: true)
            : new Convolution(weight, padding: [0, pad, pad], channelsLast: true);
        if (sumsFrames && !weight.requires_grad)
            taps = [.. Enumerable.Range(0, time).Select(t => convolution.Prepare(weight.select(2, t)))];
        else weight = convolution.Prepare(weight);
        bias = convolution.Prepare(bias);
    }

    private int History => time - 1;

    /// <summary>Computes the convolution.</summary>
    /// <param name="x">[B, inputs, T, H, W]</param>
    /// <param name="cache">Cache of the video of which x is the next chunk; null if x is a whole video.</param>
    /// <returns>[B, outputs, T, H, W]</returns>
    public Tensor Forward(Tensor x, CausalCache? cache) => Scoped(() => Convolve(time == 1 ? x : WithHistory(x, cache)));

    /// <summary>
    /// Computes a convolution with the outputs of two frames: the first half of the channels is a frame, the second half the one after it.
    /// </summary>
    /// <param name="x">[B, inputs, T, H, W]</param>
    /// <param name="cache">Cache of the video of which x is the next chunk; null if x is a whole video.</param>
    /// <returns>[B, outputs / 2, 2T, H, W]</returns>
    public Tensor ForwardPairs(Tensor x, CausalCache? cache) => Scoped(() =>
    {
        var input = WithHistory(x, cache);
        if (hasKernel && bias.shape[0] / 2 % FrameConvolution.Part == 0 && FrameConvolution.CanRun(input, weight))
            return FrameConvolution.ApplyPairs(input, weight, bias);
        var pairs = Convolve(input).unflatten(1, [2, -1]); // [B, 2, C, T, H, W]
        return pairs.permute(0, 3, 1, 4, 5, 2).flatten(1, 2).permute(0, 4, 1, 2, 3);
    });

    /// <summary>
    /// Computes the convolution of silu(norm(x)). Where possible, the norm is written straight behind the cached frames, without a copy.
    /// </summary>
    /// <param name="norm">Norm of x.</param>
    /// <param name="x">[B, inputs, T, H, W]</param>
    /// <param name="cache">Cache of the video of which x is the next chunk; null if x is a whole video.</param>
    /// <returns>[B, outputs, T, H, W]</returns>
    public Tensor Forward(ChannelNorm norm, Tensor x, CausalCache? cache) => Scoped(() =>
        !ChannelNorm.CanWriteInto(x) ? Forward(norm.ForwardSilu(x), cache)
        : concatenatesFrames ? ConvolveNormedConcatenated(norm, x, cache)
        : ConvolveNormed(norm, x, cache));

    private Tensor ConvolveNormed(ChannelNorm norm, Tensor x, CausalCache? cache)
    {
        var input = Layout.EmptyLike(x, History + x.shape[2]);
        FillHistory(input.narrow(2, 0, History), cache?.Get(this));
        norm.ForwardSilu(x, input.narrow(2, History, x.shape[2]));
        cache?.Set(this, input.narrow(2, x.shape[2], History));
        return Convolve(input);
    }

    private Tensor ConvolveNormedConcatenated(ChannelNorm norm, Tensor x, CausalCache? cache)
    {
        long frames = x.shape[2];
        var input = empty([1, frames, x.shape[3], x.shape[4], time * inputs], x.dtype, x.device);
        var cached = cache?.Get(this);
        for (int past = 0; past < History; past++)
        {
            for (int frame = 0; frame <= past && frame < frames; frame++)
                FillHistory(Taps(input, frame, past - frame, 1), cached?.narrow(2, past, 1));
        }

        norm.ForwardSilu(x, input, time);
        cache?.Set(this, Taps(input, frames - 1, 1, History));
        return ConvolveConcatenated(input);
    }

    /// <summary>Returns some of the concatenated frames of one output frame: [1, inputs, count, H, W].</summary>
    private Tensor Taps(Tensor concatenated, long frame, int first, int count) =>
        concatenated.select(1, frame).narrow(3, first * inputs, count * inputs).unflatten(3, [count, inputs]).permute(0, 4, 3, 1, 2);

    private static void FillHistory(Tensor target, Tensor? cached)
    {
        if (cached is null) target.zero_();
        else target.copy_(cached);
    }

    /// <param name="x">[B, inputs, History + T, H, W]</param>
    private Tensor Convolve(Tensor x)
    {
        if (hasKernel && FrameConvolution.CanRun(x, weight)) return FrameConvolution.Apply(x, weight, bias);
        long frames = x.shape[2] - History;
        if (sumsFrames) return SumFrames(x, frames);
        if (!concatenatesFrames) return convolution.Forward(x, weight, bias);
        var pixels = x.permute(0, 2, 3, 4, 1);
        return ConvolveConcatenated(cat([.. Enumerable.Range(0, time).Select(t => pixels.narrow(1, t, frames))], 4));
    }

    /// <param name="x">[B, T, H, W, time * inputs]</param>
    private Tensor ConvolveConcatenated(Tensor x)
    {
        var kernel = weight.transpose(1, 2).flatten(1, 2); // [outputs, time * inputs, space, space]
        return Layout.ToVideo(conv2d(x.flatten(0, 1).permute(0, 3, 1, 2), kernel, bias, padding: [space / 2, space / 2]), x.shape[0]);
    }

    private Tensor SumFrames(Tensor x, long frames)
    {
        var sum = ConvolveFrames(x, 0, frames, bias);
        for (int t = 1; t < time; t++) sum = sum + ConvolveFrames(x, t, frames, null);
        return Layout.ToVideo(sum, x.shape[0]);
    }

    private Tensor ConvolveFrames(Tensor x, int t, long frames, Tensor? bias) =>
        convolution.Forward(Layout.ToFrames(x.narrow(2, t, frames)), taps?[t] ?? weight.select(2, t), bias);

    private Tensor WithHistory(Tensor x, CausalCache? cache)
    {
        var history = cache?.Get(this) ?? Layout.ZerosLike(x, History);
        var input = cat([history, x], 2);
        cache?.Set(this, input.narrow(2, input.shape[2] - History, History));
        return input;
    }
}
