using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.VideoTransformer.Residency;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Predicts the velocity of a noisy latent video, given a reference picture, text and speech.
/// Source: Wan 2.1 (arXiv:2503.20314) with the audio adapter of InfiniteTalk (arXiv:2508.14033), <c>multitalk_model.py</c>.
/// </summary>
public sealed class VideoTransformer : IDisposable
{
    private readonly Weights weights;
    private readonly PatchEmbedding patches;
    private readonly Linear[] text;
    private readonly Linear[] time;
    private readonly Linear timeProjection;
    private readonly LayerNorm imageNormIn;
    private readonly Linear[] image;
    private readonly LayerNorm imageNormOut;
    private readonly AudioProjection audio;
    private readonly BlockStore blocks;
    private readonly LayerNorm headNorm;
    private readonly Tensor headModulation;
    private readonly Linear head;

    /// <param name="given">Only the matrices of the blocks are held as its <see cref="Weights.Linears"/> says; the few others stay plain.</param>
    /// <param name="residency">Which blocks stay on the device; null: all.</param>
    public VideoTransformer(Weights given, VideoTransformerConfig config, BlockResidency? residency = null)
    {
        Config = config;
        var weights = given.With(LinearPrecision.Plain);
        this.weights = weights;
        long width = config.Width, patch = config.Patch;
        long inputs = config.LatentChannels + config.ConditioningChannels;
        var precise = weights.As(ScalarType.Float32);
        patches = new(
            weights["patch_embedding"].Load("weight", [width, inputs, 1, patch, patch]), weights["patch_embedding"].Load("bias", [width], Initial.Zeros));
        text = [new(weights["text_embedding"][0], config.TextWidth, width), new(weights["text_embedding"][2], width, width)];
        time = [new(precise["time_embedding"][0], config.TimeWidth, width), new(precise["time_embedding"][2], width, width)];
        timeProjection = new(precise["time_projection"][1], width, 6 * width);
        var proj = weights["img_emb"]["proj"];
        imageNormIn = new(proj[0], config.ImageWidth);
        image = [new(proj[1], config.ImageWidth, config.ImageWidth), new(proj[3], config.ImageWidth, width)];
        imageNormOut = new(proj[4], width);
        audio = new(weights["audio_proj"], config);
        blocks = new BlockStore(given["blocks"], config, residency ?? BlockResidency.All);
        headNorm = new(width, config.Epsilon);
        headModulation = precise["head"].Load("modulation", [1, 2, width]);
        head = new(precise["head"]["head"], width, patch * patch * config.LatentChannels);
    }

    public VideoTransformerConfig Config { get; }

    /// <summary>Times that a block had to be waited for because nothing had fetched it before; 0 while all are on the device.</summary>
    public int Misses => blocks.Misses;

    /// <summary>Times that a block was copied to the device; 0 while all are on it.</summary>
    public long Copies => blocks.Copies;

    /// <summary>Bytes of one block's parameters.</summary>
    public static long BlockBytes(VideoTransformerConfig config, ScalarType type, LinearPrecision linears)
    {
        using var shapes = new ShapeParameters();
        _ = new TransformerBlock(new Weights(shapes, type, META), config);
        int plain = type == ScalarType.Float32 ? 4 : 2;
        return shapes.Shapes.Values.Sum(shape => shape.Aggregate(1L, (product, length) => product * length) * (shape.Length == 2 && linears != LinearPrecision.Plain ? 1 : plain));
    }

    /// <summary>Frees what holds the blocks that are not on the device; the parameters belong to their source.</summary>
    public void Dispose() => blocks.Dispose();

    /// <summary>Tokens that a latent [.., frames, height, width] becomes.</summary>
    public PatchGrid Grid(long frames, long height, long width) => new(frames, height / Config.Patch, width / Config.Patch);

    /// <summary>Text keys and values of every block.</summary>
    /// <param name="embedding">[B, tokens, text width], unpadded; padded here with zeros.</param>
    public IReadOnlyList<KeysValues> EmbedText(Tensor embedding) => ProjectOne(ReadText(embedding));

    /// <summary>Picture keys and values of every block.</summary>
    /// <param name="tokens">[B, 257, image width] of a picture encoder.</param>
    public IReadOnlyList<KeysValues> EmbedImage(Tensor tokens) => ProjectOne(ReadImage(tokens));

    /// <summary>Audio keys and values of every block.</summary>
    /// <param name="windows">[B, people, frames, window, blocks, channels]; frames = 4n + 1, people 1 or 2 (2 only with B = 1).</param>
    /// <param name="speakers">Where the two people are; null with one person.</param>
    public AudioConditioning EmbedAudio(Tensor windows, SpeakerMasks? speakers = null) => new(ProjectOne(ReadAudio(windows)), windows.shape[1] == 1 ? null : speakers);

    /// <summary>The embedded text, as <see cref="EmbedText"/> takes it.</summary>
    public BlockTokens ReadText(Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var padded = nn.functional.pad(embedding.to(weights.Type), [0, 0, 0, Config.TextTokens - embedding.shape[1]]);
        return new(text[1].Forward(text[0].Forward(padded).gelu(TorchSharp.Modules.GELU.Approximate.tanh)), (block, tokens, _) => block.Text(tokens));
    }

    /// <summary>The embedded picture, as <see cref="EmbedImage"/> takes it.</summary>
    public BlockTokens ReadImage(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var hidden = image[0].Forward(imageNormIn.Forward(tokens.to(weights.Type))).gelu();
        return new(imageNormOut.Forward(image[1].Forward(hidden)), (block, embedded, _) => block.Image(embedded));
    }

    /// <summary>The embedded speech, as <see cref="EmbedAudio"/> takes it.</summary>
    public BlockTokens ReadAudio(Tensor windows)
    {
        using var scope = NewDisposeScope();
        var tokens = audio.Forward(windows.to(weights.Type)); // [B, F, people * tokens, audio width]
        var turns = windows.shape[1] == 1 ? null : RotaryTable.AtPositions(Config.HeadWidth, SpeakerMasks.AudioPositions(tokens.shape[2], tokens.device));
        return new(tokens, (block, spoken, turned) => block.Audio(spoken, turned), turns);
    }

    /// <summary>
    /// Keys and values of all blocks for each of the given tokens. One walk over the blocks makes all of them, so that a block that is not on
    /// the device comes once.
    /// </summary>
    public IReadOnlyList<KeysValues>[] Project(IReadOnlyList<BlockTokens> given)
    {
        using var scope = NewDisposeScope();
        var made = given.Select(_ => new KeysValues[blocks.Count]).ToArray();
        for (int i = 0; i < blocks.Count; i++)
        {
            var ofBlock = blocks.Use(i, block => given.Select(tokens => tokens.Project(block)).ToArray());
            for (int one = 0; one < given.Count; one++) made[one][i] = ofBlock[one];
        }

        foreach (var one in made.SelectMany(keysValues => keysValues))
        {
            one.Keys.MoveToOuterDisposeScope();
            one.Values.MoveToOuterDisposeScope();
        }

        return made;
    }

    /// <summary>One pass.</summary>
    /// <param name="latent">[B, 16, F, H, W]; H and W multiples of the patch.</param>
    /// <param name="reference">[B, 20, F, H, W]: conditioning mask, then reference latent.</param>
    /// <param name="timestep">[B], 0 to 1000.</param>
    /// <param name="rotary">Of this grid.</param>
    /// <param name="residual">What the blocks add to the tokens is kept here, or taken from here instead of running them.</param>
    /// <returns>Velocity [B, 16, F, H, W], float32.</returns>
    public Tensor Forward(
        Tensor latent, Tensor reference, Tensor timestep, Conditioning given, RotaryTable rotary, BlockResidual? residual = null)
    {
        using var time = EmbedTime(timestep);
        return Forward(latent, reference, time, given, rotary, residual);
    }

    /// <summary>One pass at a time that was embedded before; it is the same for all passes of a step. Stops before any block.</summary>
    public Tensor Forward(
        Tensor latent, Tensor reference, TimeEmbedding time, Conditioning given, RotaryTable rotary, BlockResidual? residual = null,
        CancellationToken ct = default)
    {
        using var scope = NewDisposeScope();
        var (x, grid) = Patchify(latent, reference);
        var (embedded, modulation) = time;
        if (residual is { Reuse: true })
        {
            x = x + residual.Value;
        }
        else
        {
            var first = residual is null ? null : x.alias();
            var tokens = new Unsummed(x);
            for (int i = 0; i < blocks.Count; i++)
            {
                ct.ThrowIfCancellationRequested(); // a pass of a large network takes seconds
                var (before, index) = (tokens, i);
                tokens = blocks.Use(i, block => block.Forward(before, modulation, rotary, grid, given, index));
            }

            x = tokens.Sum();
            if (tokens.Y is not null) tokens.Dispose();
            if (residual is not null) residual.Value = x - first!;
        }

        return Velocity(x, embedded, grid).MoveToOuterDisposeScope();
    }

    /// <summary>[B, 16 + 20, F, H, W] to tokens [B, L, C].</summary>
    public (Tensor Tokens, PatchGrid Grid) Patchify(Tensor latent, Tensor reference)
    {
        using var scope = NewDisposeScope();
        var input = cat([latent.to(weights.Type), reference.to(weights.Type)], 1);
        return (patches.Forward(input).MoveToOuterDisposeScope(), Grid(input.shape[2], input.shape[3], input.shape[4]));
    }

    /// <summary>Time embedding [B, C] and the modulation [B, 6, C] that every block adds its own to; float32.</summary>
    public TimeEmbedding EmbedTime(Tensor timestep)
    {
        using var scope = NewDisposeScope();
        long half = Config.TimeWidth / 2;
        var frequencies = tensor(10000.0, ScalarType.Float64).pow(arange(half, ScalarType.Float64) / -half).to(timestep.device);
        var angles = outer(timestep.to(ScalarType.Float64), frequencies);
        var waves = cat([angles.cos(), angles.sin()], 1).to(ScalarType.Float32);
        var embedded = time[1].Forward(nn.functional.silu(time[0].Forward(waves)));
        var modulation = timeProjection.Forward(nn.functional.silu(embedded)).unflatten(1, [6, Config.Width]);
        return new(embedded.MoveToOuterDisposeScope(), modulation.MoveToOuterDisposeScope());
    }

    private Tensor Velocity(Tensor x, Tensor embedded, PatchGrid grid)
    {
        long patch = Config.Patch, channels = Config.LatentChannels, batch = x.shape[0];
        var m = (headModulation + embedded.unsqueeze(1)).chunk(2, 1);
        var y = head.Forward(addcmul(m[0], headNorm.ForwardToFloat32(x), m[1] + 1, 1)); // [B, L, patch * patch * channels]
        return y.view(batch, grid.Frames, grid.Rows, grid.Columns, patch, patch, channels)
            .permute(0, 6, 1, 2, 4, 3, 5)
            .reshape(batch, channels, grid.Frames, grid.Rows * patch, grid.Columns * patch);
    }

    private IReadOnlyList<KeysValues> ProjectOne(BlockTokens tokens)
    {
        using (tokens) return Project([tokens])[0];
    }
}

/// <summary>A timestep as the network takes it.</summary>
/// <param name="Embedded">[B, C], float32.</param>
/// <param name="Modulation">[B, 6, C], float32.</param>
public sealed record TimeEmbedding(Tensor Embedded, Tensor Modulation) : IDisposable
{
    public void Dispose()
    {
        Embedded.Dispose();
        Modulation.Dispose();
    }
}
