using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Projects windows of the speech embedding to audio tokens of the latent frames. The first latent frame is one video frame and uses its
/// whole window. Each later one covers four video frames: of the first it uses the early half of the window, of the middle two the centre,
/// of the last the late half.
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, lines 366 and 598, at commit 0107cd9.
/// </summary>
public sealed class AudioProjection(Weights weights, VideoTransformerConfig config)
{
    private readonly Linear first = new(
        weights["proj1"], (long)config.AudioWindow * config.AudioBlocks * config.AudioChannels, config.AudioHidden);
    private readonly Linear later = new(
        weights["proj1_vf"], (long)config.LaterAudioWindow * config.AudioBlocks * config.AudioChannels, config.AudioHidden);
    private readonly Linear hidden = new(weights["proj2"], config.AudioHidden, config.AudioHidden);
    private readonly Linear tokens = new(weights["proj3"], config.AudioHidden, config.AudioTokens * config.AudioWidth);
    private readonly LayerNorm norm = new(weights["norm"], config.AudioWidth);

    /// <summary>Computes the audio tokens of every latent frame.</summary>
    /// <param name="windows">[B, people, frames, window, blocks, channels]; frames = 4n + 1.</param>
    /// <returns>[B, n + 1, people * tokens, audio width]; tokens of the first person come first.</returns>
    public Tensor Forward(Tensor windows) => Scoped(() =>
    {
        long batch = windows.shape[0], people = windows.shape[1];
        var perPerson = windows.flatten(0, 1); // [B * people, frames, window, blocks, channels]
        var head = relu(first.Forward(perPerson.narrow(1, 0, 1).flatten(2)));
        var tail = relu(later.Forward(LaterWindows(perPerson).flatten(2)));
        var x = relu(hidden.Forward(cat([head, tail], 1))); // [B * people, n + 1, hidden]
        x = norm.Forward(tokens.Forward(x).unflatten(2, [config.AudioTokens, config.AudioWidth]));
        return x.unflatten(0, [batch, people]).transpose(1, 2).flatten(2, 3);
    });

    /// <returns>[B * people, n, later window, blocks, channels]</returns>
    private Tensor LaterWindows(Tensor x)
    {
        int centre = config.AudioWindow / 2, stride = config.TemporalStride;
        // [., n, 4, window, blocks, channels]
        var groups = x.narrow(1, 1, x.shape[1] - 1).unflatten(1, [(x.shape[1] - 1) / stride, stride]);
        var early = groups.narrow(2, 0, 1).narrow(3, 0, centre + 1).flatten(2, 3);
        var middle = groups.narrow(2, 1, stride - 2).narrow(3, centre, 1).flatten(2, 3);
        var late = groups.narrow(2, stride - 1, 1).narrow(3, centre, config.AudioWindow - centre).flatten(2, 3);
        return cat([early, middle, late], 2);
    }
}
