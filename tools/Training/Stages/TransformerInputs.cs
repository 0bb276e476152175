using Locutor.Checkpoints.Formats;
using Locutor.Networks.Layers;
using Locutor.Networks.Tokenizer;
using Locutor.Networks.UmT5;
using Locutor.Networks.VideoTransformer;
using Locutor.Training.Data;
using Locutor.Training.Motion;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>
/// The inputs of the video transformer other than noisy latents: prompts, windows of audio, the still picture, and positions.
/// </summary>
public sealed class TransformerInputs : IDisposable
{
    private readonly ScriptOptions scenes;
    private readonly int window;
    private readonly Tensor prompts; // [moods * prompts, tokens, width]
    private readonly Tensor windows; // [clip frames * window] into the padded audio of a clip
    private readonly Device device;

    /// <summary>Embeds the prompts with the finished text encoder of the work folder.</summary>
    public TransformerInputs(TrainingRun run, SketchNetworks networks, ScriptOptions scenes)
    {
        this.scenes = scenes;
        device = run.Device;
        window = networks.Transformer.AudioWindow;
        prompts = Embed(run, networks);
        windows = tensor(
            Enumerable.Range(0, scenes.ClipFrames).SelectMany(f => Enumerable.Range(f, window)).Select(i => (long)i).ToArray(),
            device: device).DetachFromDisposeScope();
        int side = scenes.Size / 8;
        Rotary = RotaryTable.Create(
            networks.Transformer.HeadWidth, new PatchGrid((scenes.ClipFrames - 1) / 4 + 1, side / 2, side / 2), device);
    }

    public RotaryTable Rotary { get; }

    /// <summary>Returns the embedding of the default prompt for a batch, [batch, tokens, width].</summary>
    public Tensor DefaultPrompt(long batch) => prompts.narrow(0, 0, 1).expand(batch, -1, -1);

    /// <summary>Returns the embeddings of random prompts.</summary>
    /// <param name="moods">The index of the mood of each prompt, [batch].</param>
    /// <returns>[batch, tokens, width]</returns>
    public Tensor RandomPrompts(Tensor moods)
    {
        long each = prompts.shape[0] / PromptPhrases.Moods.Count;
        return prompts.index_select(0, moods * each + randint(0, each, [moods.shape[0]], dtype: ScalarType.Int64, device: device));
    }

    /// <summary>Projects the conditions of clips.</summary>
    /// <param name="audio">[batch, clip frames + 4, blocks, channels]</param>
    public Conditioning Condition(VideoTransformer network, Tensor text, Tensor image, Tensor audio)
    {
        var around = audio.index_select(1, windows).view(audio.shape[0], 1, scenes.ClipFrames, window, audio.shape[2], audio.shape[3]);
        return new Conditioning(network.EmbedText(text), network.EmbedImage(image), network.EmbedAudio(around));
    }

    /// <summary>Builds the condition [B, 20, F, h, w]: the mask of the picture's frame and the latents of the still portrait.</summary>
    public static Tensor Reference(Tensor still)
    {
        var mask = zeros([still.shape[0], 4, still.shape[2], still.shape[3], still.shape[4]], still.dtype, still.device);
        mask.narrow(2, 0, 1).fill_(1);
        return cat([mask, still], 1);
    }

    /// <summary>Returns a mask [B, 1, F, 1, 1] of the latent frames that are given: the first frame, or the motion frames.</summary>
    /// <param name="continues">Whether each clip continues an earlier clip, [B].</param>
    /// <param name="frames">The number of latent frames F.</param>
    public Tensor Kept(Tensor continues, long frames)
    {
        long motion = (scenes.MotionFrames - 1) / 4 + 1;
        return arange(frames, device: device).view(1, 1, -1, 1, 1)
            .lt(continues.to(ScalarType.Int64).view(-1, 1, 1, 1, 1) * (motion - 1) + 1);
    }

    public void Dispose()
    {
        Rotary.Dispose();
        windows.Dispose();
        prompts.Dispose();
    }

    /// <summary>
    /// Computes the embeddings of prompts, ordered by mood with an equal number for each: [moods x prompts, tokens, width].
    /// </summary>
    private static Tensor Embed(TrainingRun run, SketchNetworks networks)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var checkpoint = CheckpointFormats.Open(run.InWork("text.safetensors"));
        using var parameters = new CheckpointParameters(checkpoint);
        var encoder = new UmT5Encoder(new Weights(parameters, float32, CPU), networks.Text);
        var tokenizer = TextTokenizer.Open(run.InWork("tokenizer.model"));
        string[][] byMood = PromptPhrases.All(160, 1).GroupBy(p => p.Mood).OrderBy(g => g.Key).Select(g => g.Select(p => p.Text).ToArray())
            .ToArray();
        int count = byMood.Min(g => g.Length);
        var (ids, mask) = TextStage.Tokenize(
            [.. byMood.SelectMany(g => g.Take(count))], tokenizer, (int)networks.Transformer.TextTokens, CPU);
        var embedded = encoder.Forward(ids, mask) * mask.unsqueeze(-1);
        return embedded.to(run.Type, run.Device).DetachFromDisposeScope();
    }
}
