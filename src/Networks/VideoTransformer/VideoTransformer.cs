using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using Locutor.Networks.Residency;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer;

/// <summary>
/// Predicts the velocity of a noisy latent video from a reference image, text and speech: Wan 2.1 (arXiv:2503.20314) with the audio adapter
/// of InfiniteTalk (arXiv:2508.14033).
/// Reference: MeiGen-AI/InfiniteTalk, wan/modules/multitalk_model.py, line 432, at commit 0107cd9.
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
    private readonly BlockStore<TransformerBlock> blocks;
    private readonly LayerNorm headNorm;
    private readonly Tensor headModulation;
    private readonly Linear head;

    /// <summary>Creates the network.</summary>
    /// <param name="given">Root of the parameters. Its <see cref="Weights.Linears"/> applies to the matrices of the blocks; all others stay
    /// plain.</param>
    /// <param name="config">Sizes of the network.</param>
    /// <param name="residency">Which blocks stay on the device; null: all.</param>
    public VideoTransformer(Weights given, VideoTransformerConfig config, BlockResidency? residency = null)
    {
        (Config, Linears) = (config, given.Linears);
        weights = given.With(LinearPrecision.Plain);
        long width = config.Width, patch = config.Patch;
        long inputs = config.LatentChannels + config.ConditioningChannels;
        var precise = weights.As(ScalarType.Float32);
        var embedding = weights["patch_embedding"];
        patches = new(embedding.Load("weight", [width, inputs, 1, patch, patch]), embedding.Load("bias", [width], Initial.Zeros));
        text = [new(weights["text_embedding"][0], config.TextWidth, width), new(weights["text_embedding"][2], width, width)];
        time = [new(precise["time_embedding"][0], config.TimeWidth, width), new(precise["time_embedding"][2], width, width)];
        timeProjection = new(precise["time_projection"][1], width, 6 * width);
        var projection = weights["img_emb"]["proj"];
        imageNormIn = new(projection[0], config.ImageWidth);
        image = [new(projection[1], config.ImageWidth, config.ImageWidth), new(projection[3], config.ImageWidth, width)];
        imageNormOut = new(projection[4], width);
        audio = new(weights["audio_proj"], config);
        blocks = new(given["blocks"], config.Blocks, place => new TransformerBlock(place, config), residency ?? BlockResidency.All);
        headNorm = new(width, config.Epsilon);
        headModulation = precise["head"].Load("modulation", [1, 2, width]);
        head = new(precise["head"]["head"], width, patch * patch * config.LatentChannels);
    }

    /// <summary>Sizes of the network.</summary>
    public VideoTransformerConfig Config { get; }

    /// <summary>Precision of the matrices of the blocks.</summary>
    public LinearPrecision Linears { get; }

    /// <summary>Number of times a pass waited for a block that was not prefetched; 0 while all blocks are on the device.</summary>
    public int Misses => blocks.Misses;

    /// <summary>Number of times a block was copied to the device; 0 while all blocks are resident.</summary>
    public long Copies => blocks.Copies;

    /// <summary>Returns the bytes of one block's parameters.</summary>
    /// <param name="config">Sizes of the network.</param>
    /// <param name="type">Type of parameters that are not quantised.</param>
    /// <param name="linears">How matrices are held.</param>
    public static long BlockBytes(VideoTransformerConfig config, ScalarType type, LinearPrecision linears)
    {
        using var shapes = new ShapeParameters();
        _ = new TransformerBlock(new Weights(shapes, type, META), config);
        int plain = type == ScalarType.Float32 ? 4 : 2;
        return shapes.Shapes.Values.Sum(shape =>
        {
            long values = shape.Aggregate(1L, (product, length) => product * length);
            return values * (shape.Length == 2 && linears != LinearPrecision.Plain ? 1 : plain);
        });
    }

    /// <summary>Frees the copies of blocks that are not resident. The parameters themselves belong to their source.</summary>
    public void Dispose() => blocks.Dispose();

    /// <summary>Returns the token grid of a latent [.., frames, height, width].</summary>
    public PatchGrid Grid(long frames, long height, long width) => new(frames, height / Config.Patch, width / Config.Patch);

    /// <summary>Computes the text keys and values of every block.</summary>
    /// <param name="embedding">[B, tokens, text width], not padded; this method pads it with zeros.</param>
    public IReadOnlyList<KeysValues> EmbedText(Tensor embedding) => ProjectOne(ComputeTextTokens(embedding));

    /// <summary>Computes the image keys and values of every block.</summary>
    /// <param name="tokens">[B, 257, image width] of an image encoder.</param>
    public IReadOnlyList<KeysValues> EmbedImage(Tensor tokens) => ProjectOne(ComputeImageTokens(tokens));

    /// <summary>Computes the audio keys and values of every block.</summary>
    /// <param name="windows">[B, people, frames, window, blocks, channels]; frames = 4n + 1, people 1 or 2 (2 only with B = 1).</param>
    /// <param name="speakers">Masks of two people; null with one.</param>
    public AudioConditioning EmbedAudio(Tensor windows, SpeakerMasks? speakers = null) =>
        new(ProjectOne(ComputeAudioTokens(windows)), windows.shape[1] == 1 ? null : speakers);

    /// <summary>Embeds text; <see cref="Project"/> computes its keys and values.</summary>
    /// <param name="embedding">[B, tokens, text width], not padded; this method pads it with zeros.</param>
    public BlockTokens ComputeTextTokens(Tensor embedding) => new(
        Detached(() =>
        {
            var padded = nn.functional.pad(embedding.to(weights.Type), [0, 0, 0, Config.TextTokens - embedding.shape[1]]);
            return text[1].Forward(text[0].Forward(padded).gelu(TorchSharp.Modules.GELU.Approximate.tanh));
        }),
        (block, tokens, _) => block.ProjectText(tokens));

    /// <summary>Embeds an image; <see cref="Project"/> computes its keys and values. Reference: class MLPProj, line 351.</summary>
    /// <param name="tokens">[B, 257, image width] of an image encoder.</param>
    public BlockTokens ComputeImageTokens(Tensor tokens) => new(
        Detached(() =>
        {
            var hidden = image[0].Forward(imageNormIn.Forward(tokens.to(weights.Type))).gelu();
            return imageNormOut.Forward(image[1].Forward(hidden));
        }),
        (block, embedded, _) => block.ProjectImage(embedded));

    /// <summary>Embeds speech; <see cref="Project"/> computes its keys and values.</summary>
    /// <param name="windows">[B, people, frames, window, blocks, channels]; frames = 4n + 1, people 1 or 2 (2 only with B = 1).</param>
    public BlockTokens ComputeAudioTokens(Tensor windows)
    {
        var tokens = Detached(() => audio.Forward(windows.to(weights.Type))); // [B, F, people * tokens, audio width]
        if (windows.shape[1] == 1) return new(tokens, (block, embedded, _) => block.ProjectAudio(embedded, null));
        using var positions = SpeakerMasks.AudioPositions(tokens.shape[2], tokens.device);
        return new(
            tokens, (block, embedded, rotary) => block.ProjectAudio(embedded, rotary),
            RotaryTable.FromPositions(Config.HeadWidth, positions));
    }

    /// <summary>
    /// Computes the keys and values of all blocks for each of the tokens. It goes over the blocks once, so that a block that is not
    /// resident is copied once.
    /// </summary>
    /// <param name="inputs">Embedded text, images or speech.</param>
    /// <returns>For each input, the keys and values of every block.</returns>
    public IReadOnlyList<KeysValues>[] Project(IReadOnlyList<BlockTokens> inputs)
    {
        using var scope = NewDisposeScope();
        var projected = Enumerable.Range(0, blocks.Count)
            // [block][input]
            .Select(i => blocks.Use(i, block => inputs.Select(tokens => tokens.Project(block).ToOuterScope()).ToArray())).ToArray();
        return [.. inputs.Select((_, input) => projected.Select(block => block[input]).ToArray())];
    }

    /// <summary>Computes one pass.</summary>
    /// <param name="latent">[B, 16, F, H, W]; H and W are multiples of the patch.</param>
    /// <param name="reference">[B, 20, F, H, W]: conditioning mask, then reference latent.</param>
    /// <param name="timestep">[B], 0 to 1000.</param>
    /// <param name="conditioning">Keys and values of text, image and speech.</param>
    /// <param name="rotary">Rotary position embedding of this grid.</param>
    /// <param name="residual">Keeps the sum of the blocks' updates, or replaces the blocks by it.</param>
    /// <returns>Velocity [B, 16, F, H, W], float32.</returns>
    public Tensor Forward(
        Tensor latent, Tensor reference, Tensor timestep, Conditioning conditioning, RotaryTable rotary, BlockResidual? residual = null)
    {
        using var embedded = EmbedTime(timestep);
        return Forward(latent, reference, embedded, conditioning, rotary, residual);
    }

    /// <summary>Computes one pass with a time embedding that all passes of a step share. Cancellation stops it before a block.</summary>
    /// <param name="latent">[B, 16, F, H, W]; H and W are multiples of the patch.</param>
    /// <param name="reference">[B, 20, F, H, W]: conditioning mask, then reference latent.</param>
    /// <param name="time">Time embedding of the step.</param>
    /// <param name="conditioning">Keys and values of text, image and speech.</param>
    /// <param name="rotary">Rotary position embedding of this grid.</param>
    /// <param name="residual">Keeps the sum of the blocks' updates, or replaces the blocks by it.</param>
    /// <param name="share">The tokens that this device computes; null: all.</param>
    /// <param name="cancellationToken">Cancels the pass.</param>
    /// <returns>Velocity [B, 16, F, H, W], float32; every device of a share gets the whole.</returns>
    public Tensor Forward(
        Tensor latent, Tensor reference, TimeEmbedding time, Conditioning conditioning, RotaryTable rotary, BlockResidual? residual = null,
        TokenShare? share = null, CancellationToken cancellationToken = default) => Scoped(() =>
    {
        var grid = Grid(latent.shape[2], latent.shape[3], latent.shape[4]);
        share ??= TokenShare.Whole(grid);
        using var turns = rotary.Part(share.Range);
        var x = Scoped(() => share.Own(Patchify(latent, reference).Tokens, 1)); // [B, own tokens, C]
        x = residual is { Reuse: true } ? x + residual.Value : RunBlocks(x, time, turns, share, conditioning, residual, cancellationToken);
        return Velocity(share.Gather(Patches(x, time)), grid);
    });

    /// <summary>Cuts latent and reference into patches and projects these to tokens.</summary>
    /// <param name="latent">[B, 16, F, H, W]</param>
    /// <param name="reference">[B, 20, F, H, W]</param>
    /// <returns>Tokens [B, L, C] and their grid.</returns>
    public (Tensor Tokens, PatchGrid Grid) Patchify(Tensor latent, Tensor reference) =>
        (Scoped(() => patches.Forward(cat([latent.to(weights.Type), reference.to(weights.Type)], 1))),
            Grid(latent.shape[2], latent.shape[3], latent.shape[4]));

    /// <summary>Computes the time embedding: cosines and sines of the timestep, then two linear layers.</summary>
    /// <param name="timestep">[B], 0 to 1000.</param>
    public TimeEmbedding EmbedTime(Tensor timestep) => Scoped(() =>
    {
        long half = Config.TimeWidth / 2;
        var frequencies = tensor(10000.0, ScalarType.Float64).pow(arange(half, ScalarType.Float64) / -half).to(timestep.device);
        var angles = outer(timestep.to(ScalarType.Float64), frequencies);
        var waves = cat([angles.cos(), angles.sin()], 1).to(ScalarType.Float32);
        var embedded = time[1].Forward(nn.functional.silu(time[0].Forward(waves)));
        var modulation = timeProjection.Forward(nn.functional.silu(embedded)).unflatten(1, [6, Config.Width]);
        return new TimeEmbedding(embedded, modulation);
    });

    private Tensor RunBlocks(
        Tensor x, TimeEmbedding time, RotaryTable rotary, TokenShare share, Conditioning conditioning, BlockResidual? residual,
        CancellationToken cancellationToken)
    {
        var input = residual is null ? null : x.alias(); // the blocks free their input
        var tokens = new PendingResidual(x);
        for (int i = 0; i < blocks.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested(); // a pass of a large network takes seconds
            var (h, index) = (tokens, i);
            tokens = blocks.Use(i, block => block.Forward(h, time.Modulation, rotary, share, conditioning, index));
        }

        var y = tokens.Sum();
        if (tokens.Update is not null) tokens.Free();
        if (residual is not null) residual.Value = y - input!;
        return y;
    }

    /// <summary>
    /// Projects tokens to the values of their patches: [B, tokens, patch * patch * channels]. Reference: class Head, line 321.
    /// </summary>
    private Tensor Patches(Tensor x, TimeEmbedding time) => Scoped(() =>
    {
        var m = (headModulation + time.Embedded.unsqueeze(1)).chunk(2, 1); // shift, scale
        return head.Forward(addcmul(m[0], headNorm.ForwardToFloat32(x), m[1] + 1, 1));
    });

    /// <summary>Arranges patches to a latent.</summary>
    /// <param name="y">[B, L, patch * patch * channels]</param>
    private Tensor Velocity(Tensor y, PatchGrid grid)
    {
        long patch = Config.Patch, channels = Config.LatentChannels, batch = y.shape[0];
        return y.view(batch, grid.Frames, grid.Rows, grid.Columns, patch, patch, channels)
            .permute(0, 6, 1, 2, 4, 3, 5)
            .reshape(batch, channels, grid.Frames, grid.Rows * patch, grid.Columns * patch);
    }

    private IReadOnlyList<KeysValues> ProjectOne(BlockTokens tokens)
    {
        using (tokens) return Project([tokens])[0];
    }
}
