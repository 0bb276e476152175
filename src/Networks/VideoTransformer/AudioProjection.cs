using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Speech embeddings of the video frames become audio tokens of the latent frames. The first latent frame is one video frame and takes
/// its whole window. A later one is four: the first gives the early half of its window, the middle ones their centre, the last its late half.
/// Source: AudioProjModel and WanModel.forward of MeiGen-AI/InfiniteTalk.
/// </summary>
public sealed class AudioProjection(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear first = new(weights["proj1"], (long)config.AudioWindow * config.AudioBlocks * config.AudioChannels, config.AudioHidden);
    private readonly Linear later = new(weights["proj1_vf"], (long)config.LaterAudioWindow * config.AudioBlocks * config.AudioChannels, config.AudioHidden);
    private readonly Linear hidden = new(weights["proj2"], config.AudioHidden, config.AudioHidden);
    private readonly Linear tokens = new(weights["proj3"], config.AudioHidden, config.AudioTokens * config.AudioWidth);
    private readonly LayerNorm norm = new(weights["norm"], config.AudioWidth);

    /// <param name="windows">[B, people, frames, window, blocks, channels]; frames = 4n + 1.</param>
    /// <returns>[B, n + 1, people * tokens, audio width], first person's tokens first.</returns>
    public Tensor Forward(Tensor windows)
    {
        using var scope = NewDisposeScope();
        long batch = windows.shape[0], people = windows.shape[1];
        var each = windows.flatten(0, 1); // [B * people, frames, window, blocks, channels]
        var head = nn.functional.relu(first.Forward(each.narrow(1, 0, 1).flatten(2)));
        var tail = nn.functional.relu(later.Forward(LaterWindows(each).flatten(2)));
        var x = nn.functional.relu(hidden.Forward(cat([head, tail], 1))); // [B * people, n + 1, hidden]
        x = norm.Forward(tokens.Forward(x).unflatten(2, [config.AudioTokens, config.AudioWidth]));
        return x.unflatten(0, [batch, people]).transpose(1, 2).flatten(2, 3).MoveToOuterDisposeScope();
    }

    private Tensor LaterWindows(Tensor each)
    {
        int centre = config.AudioWindow / 2, stride = config.TemporalStride;
        var groups = each.narrow(1, 1, each.shape[1] - 1).unflatten(1, [(each.shape[1] - 1) / stride, stride]); // [., n, 4, window, blocks, channels]
        var early = groups.narrow(2, 0, 1).narrow(3, 0, centre + 1).flatten(2, 3);
        var middle = groups.narrow(2, 1, stride - 2).narrow(3, centre, 1).flatten(2, 3);
        var late = groups.narrow(2, stride - 1, 1).narrow(3, centre, config.AudioWindow - centre).flatten(2, 3);
        return cat([early, middle, late], 2);
    }
}
