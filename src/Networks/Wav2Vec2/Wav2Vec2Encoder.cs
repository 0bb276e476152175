using Locutor.Networks.Layers;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>
/// The encoder of wav2vec 2.0 (Baevski et al., arXiv:2006.11477). It returns the output of every transformer block for every video frame.
/// Reference: MeiGen-AI/InfiniteTalk, src/audio_analysis/wav2vec2.py, line 9, at commit 0107cd9.
/// </summary>
public sealed partial class Wav2Vec2Encoder
{
    private static readonly string[] IgnoredPrefixes =
    [
        "masked_spec_embed", "wav2vec2.masked_spec_embed", "quantizer.", "project_q.", "project_hid.", "lm_head."
    ];

    private readonly WaveFeatures features;
    private readonly LayerNorm projectionNorm;
    private readonly Linear projection;
    private readonly PositionalConvolution positions;
    private readonly LayerNorm norm;
    private readonly Block[] blocks;
    private readonly ScalarType type;
    private readonly Device device;

    /// <summary>Creates the network.</summary>
    /// <param name="weights">Root of a checkpoint; the keys may begin with <c>wav2vec2.</c>.</param>
    /// <param name="config">Sizes of the network.</param>
    public Wav2Vec2Encoder(Weights weights, Wav2Vec2Config config)
    {
        config.Validate();
        (Config, type, device) = (config, weights.Type, weights.Device);
        if (weights.Contains("wav2vec2.feature_projection.projection.weight")) weights = weights["wav2vec2"];
        features = new WaveFeatures(weights["feature_extractor"]["conv_layers"], config);
        projectionNorm = new LayerNorm(weights["feature_projection"]["layer_norm"], config.ConvolutionWidths[^1], config.Epsilon);
        projection = new Linear(weights["feature_projection"]["projection"], config.ConvolutionWidths[^1], config.Width);
        positions = new PositionalConvolution(weights["encoder"]["pos_conv_embed"]["conv"], config);
        norm = new LayerNorm(weights["encoder"]["layer_norm"], config.Width, config.Epsilon);
        blocks = [.. Enumerable.Range(0, config.Blocks).Select(i => new Block(weights["encoder"]["layers"][i], config))];
    }

    /// <summary>Sizes of the network.</summary>
    public Wav2Vec2Config Config { get; }

    /// <summary>
    /// Returns whether a checkpoint may contain this key although the network does not use it: parameters for training only.
    /// </summary>
    public static bool IgnoresKey(string key) => Array.Exists(IgnoredPrefixes, prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>
    /// Number of features that are computed at once. It bounds the memory of the convolutions for audio of any length.
    /// </summary>
    public int PieceFeatures { get; init; } = 500;

    /// <summary>Shifts and scales each waveform to mean 0 and variance 1, as in training.</summary>
    /// <param name="wave">[B, samples]</param>
    public static Tensor Normalise(Tensor wave) => Scoped(() =>
    {
        var centred = wave.to(ScalarType.Float32) - wave.to(ScalarType.Float32).mean([1], keepdim: true);
        return centred / (centred.square().mean([1], keepdim: true) + 1e-7).sqrt();
    });

    /// <summary>Encodes waveforms.</summary>
    /// <param name="wave">[B, samples] at 16 kHz, of any loudness; at least <see cref="Wav2Vec2Config.ReceptiveField"/> samples.</param>
    /// <param name="frames">Number of video frames, spread evenly over the waveform from its first to its last feature.</param>
    /// <returns>[B, frames, blocks, width]</returns>
    public Tensor Forward(Tensor wave, long frames) => Scoped(() =>
    {
        var x = projection.Forward(projectionNorm.Forward(Features(wave, frames))); // [B, frames, width]
        x = norm.Forward(x + positions.Forward(x));
        List<Tensor> outputs = [];
        foreach (var block in blocks) outputs.Add(x = block.Forward(x));
        return stack(outputs, 2);
    });

    /// <summary>
    /// Computes the convolutions and interpolates their features to video frames; the transformer follows. Reference: line 67.
    /// </summary>
    /// <param name="wave">[B, samples] at 16 kHz.</param>
    /// <param name="frames">Number of video frames.</param>
    /// <returns>[B, frames, convolution width]</returns>
    public Tensor Features(Tensor wave, long frames)
    {
        if (wave.dim() != 2 || wave.shape[1] < Config.ReceptiveField())
        {
            throw new ArgumentException(
                $"wav2vec2: expected [B, samples] with at least {Config.ReceptiveField()} samples, found [{string.Join(", ", wave.shape)}]",
                nameof(wave));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        return Scoped(() =>
        {
            var convolved = features.Forward(Normalise(wave), PieceFeatures); // [B, C, about 50 for each second]
            var resampled = interpolate(
                convolved.to(ScalarType.Float32), size: [frames], mode: InterpolationMode.Linear, align_corners: true);
            return resampled.to(convolved.dtype).transpose(1, 2).contiguous();
        });
    }

    /// <summary>One block with its norms after the sublayers.</summary>
    private sealed class Block(Weights weights, Wav2Vec2Config config)
    {
        private readonly Linear query = new(weights["attention"]["q_proj"], config.Width, config.Width);
        private readonly Linear key = new(weights["attention"]["k_proj"], config.Width, config.Width);
        private readonly Linear value = new(weights["attention"]["v_proj"], config.Width, config.Width);
        private readonly Linear output = new(weights["attention"]["out_proj"], config.Width, config.Width);
        private readonly LayerNorm attentionNorm = new(weights["layer_norm"], config.Width, config.Epsilon);
        private readonly Linear expand = new(weights["feed_forward"]["intermediate_dense"], config.Width, config.FeedForward);
        private readonly Linear contract = new(weights["feed_forward"]["output_dense"], config.FeedForward, config.Width);
        private readonly LayerNorm feedForwardNorm = new(weights["final_layer_norm"], config.Width, config.Epsilon);

        /// <param name="x">[B, L, width]</param>
        public Tensor Forward(Tensor x) => Scoped(() =>
            Finish(x, Attention.Forward(Heads(query.Forward(x)), Heads(key.Forward(x)), Heads(value.Forward(x)))));

        /// <summary>Computes keys and values of some rows.</summary>
        /// <param name="x">[1, L, width]</param>
        public (Tensor Keys, Tensor Values) Project(Tensor x) => (key.Forward(x), value.Forward(x));

        /// <summary>Computes the block for some rows of a track whose keys and values arrive in parts.</summary>
        /// <param name="x">[1, L, width]</param>
        /// <param name="parts">Keys and values of the whole track, [1, some, width] each.</param>
        public Tensor Forward(Tensor x, IEnumerable<(Tensor Keys, Tensor Values)> parts) => Scoped(() =>
        {
            using var attention = new AttentionInParts(Heads(query.Forward(x)));
            using var part = parts.GetEnumerator();
            while (true)
            {
                using var scope = NewDisposeScope();
                if (!part.MoveNext()) break;
                attention.Add(Heads(part.Current.Keys), Heads(part.Current.Values));
            }

            return Finish(x, attention.Result());
        });

        private Tensor Heads(Tensor x) => Attention.SplitHeads(x, config.Heads);

        /// <summary>Computes the output projection, the feed-forward and both norms.</summary>
        private Tensor Finish(Tensor x, Tensor attended) => Scoped(() =>
        {
            var y = attentionNorm.Forward(x + output.Forward(attended));
            return feedForwardNorm.Forward(y + contract.Forward(expand.Forward(y).gelu()));
        });
    }
}
