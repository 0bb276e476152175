using Locutor.Networks.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.Wav2Vec2;

/// <summary>wav2vec 2.0 (arXiv:2006.11477): sound to what each block of its transformer says of every video frame.</summary>
public sealed partial class Wav2Vec2Encoder
{
    private static readonly string[] LeftParts = ["masked_spec_embed", "wav2vec2.masked_spec_embed", "quantizer.", "project_q.", "project_hid.", "lm_head."];

    private readonly WaveFeatures features;
    private readonly LayerNorm projectionNorm;
    private readonly Linear projection;
    private readonly PositionalConvolution positions;
    private readonly LayerNorm norm;
    private readonly Block[] blocks;
    private readonly ScalarType type;
    private readonly Device device;

    /// <param name="weights">The root of a checkpoint; its keys may begin with <c>wav2vec2.</c>.</param>
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

    public Wav2Vec2Config Config { get; }

    /// <summary>Whether a file of this network may hold that tensor though nothing here reads it: what is for training alone.</summary>
    public static bool Leaves(string key) => Array.Exists(LeftParts, part => key.StartsWith(part, StringComparison.Ordinal));

    /// <summary>Features that are convolved at once, which decides how much memory that takes, whatever the length of the sound.</summary>
    public int PieceFeatures { get; init; } = 500;

    /// <summary>Each sound shifted and scaled to mean 0 and variance 1, as the network was trained.</summary>
    /// <param name="wave">[B, samples]</param>
    public static Tensor Normalise(Tensor wave)
    {
        using var scope = NewDisposeScope();
        var centred = wave.to(ScalarType.Float32) - wave.to(ScalarType.Float32).mean([1], keepdim: true);
        return (centred / (centred.square().mean([1], keepdim: true) + 1e-7).sqrt()).MoveToOuterDisposeScope();
    }

    /// <param name="wave">[B, samples] at 16 kHz, of any loudness; at least <see cref="Wav2Vec2Config.ReceptiveField"/> samples.</param>
    /// <param name="frames">Of video, over which the sound is spread evenly, its ends on the first and the last.</param>
    /// <returns>[B, frames, blocks, width]</returns>
    public Tensor Forward(Tensor wave, long frames)
    {
        using var scope = NewDisposeScope();
        var spread = Features(wave, frames);
        var x = projection.Forward(projectionNorm.Forward(spread)); // [B, frames, width]
        x = norm.Forward(x + positions.Forward(x));
        List<Tensor> outputs = [];
        foreach (var block in blocks) outputs.Add(x = block.Forward(x));
        return stack(outputs, 2).MoveToOuterDisposeScope();
    }

    /// <summary>What the convolutions say, before the transformer.</summary>
    /// <returns>[B, frames, convolution width]</returns>
    public Tensor Features(Tensor wave, long frames)
    {
        if (wave.dim() != 2 || wave.shape[1] < Config.ReceptiveField())
            throw new ArgumentException($"wav2vec2: expected [B, samples] with at least {Config.ReceptiveField()} samples, found [{string.Join(", ", wave.shape)}]", nameof(wave));
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        using var scope = NewDisposeScope();
        var made = features.Forward(Normalise(wave), PieceFeatures); // [B, C, about 50 a second]
        var spread = interpolate(made.to(ScalarType.Float32), size: [frames], mode: InterpolationMode.Linear, align_corners: true);
        return spread.to(made.dtype).transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }

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
        public Tensor Forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return Finish(x, Attention.Forward(Heads(query.Forward(x)), Heads(key.Forward(x)), Heads(value.Forward(x)))).MoveToOuterDisposeScope();
        }

        /// <summary>Keys and values of rows.</summary>
        /// <param name="x">[1, L, width]</param>
        public (Tensor Keys, Tensor Values) Attended(Tensor x) => (key.Forward(x), value.Forward(x));

        /// <summary>The output for some rows of a track whose keys and values come in parts.</summary>
        /// <param name="x">[1, L, width]</param>
        /// <param name="attended">Keys and values, [1, some, width] each, of the whole track.</param>
        public Tensor Forward(Tensor x, IEnumerable<(Tensor Keys, Tensor Values)> attended)
        {
            using var scope = NewDisposeScope();
            using var attention = new AttentionInParts(Heads(query.Forward(x)));
            using var parts = attended.GetEnumerator();
            while (true)
            {
                using var part = NewDisposeScope();
                if (!parts.MoveNext()) break;
                attention.Add(Heads(parts.Current.Keys), Heads(parts.Current.Values));
            }

            return Finish(x, attention.Result()).MoveToOuterDisposeScope();
        }

        private Tensor Heads(Tensor x) => Attention.SplitHeads(x, config.Heads);

        /// <summary>What follows the attention.</summary>
        private Tensor Finish(Tensor x, Tensor attended)
        {
            using var scope = NewDisposeScope();
            x = attentionNorm.Forward(x + output.Forward(attended));
            return feedForwardNorm.Forward(x + contract.Forward(expand.Forward(x).gelu())).MoveToOuterDisposeScope();
        }
    }
}
