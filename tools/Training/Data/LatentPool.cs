using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>
/// A pool of encoded scenes on the device, on which the video transformer is trained. New scenes replace the oldest ones. A scene
/// consists of a still clip of its portrait, the tokens of its picture, and its clips.
/// </summary>
public sealed class LatentPool : IDisposable
{
    private readonly Device device;
    private readonly int clips;
    private long written;

    /// <param name="scenes">The largest number of scenes in the pool.</param>
    public LatentPool(int scenes, ScriptOptions options, SketchNetworks networks, Device device, ScalarType type)
    {
        this.device = device;
        clips = options.Clips;
        Scenes = scenes;
        int side = options.Size / 8, frames = (options.ClipFrames - 1) / 4 + 1, reach = networks.Transformer.AudioWindow / 2;
        Latents = zeros([(long)scenes * clips, 16, frames, side, side], type, device).DetachFromDisposeScope();
        Stills = zeros([scenes, 16, frames, side, side], type, device).DetachFromDisposeScope();
        Weights = zeros([scenes, side, side], float32, device).DetachFromDisposeScope();
        Images = zeros([scenes, networks.Image.Tokens(), networks.Image.Width], type, device).DetachFromDisposeScope();
        Audio = zeros([(long)scenes * clips, options.ClipFrames + 2 * reach, networks.Speech.Blocks, networks.Speech.Width], type, device)
            .DetachFromDisposeScope();
        Moods = zeros(scenes, ScalarType.Int64, device).DetachFromDisposeScope();
        LeadIns = zeros(scenes, ScalarType.Int64, device).DetachFromDisposeScope();
    }

    public int Scenes { get; }

    /// <summary>The number of scenes in the pool.</summary>
    public int Held => (int)Math.Min(Scenes, written);

    /// <summary>The number of slots that were used since the start.</summary>
    public long Written => written;

    /// <summary>The latents of the clips, [scenes x clips, 16, F, h, w].</summary>
    public Tensor Latents { get; }

    /// <summary>The latents of the still portrait with the length of a clip, [scenes, 16, F, h, w].</summary>
    public Tensor Stills { get; }

    /// <summary>The loss weights, [scenes, h, w]: 1, and more on mouth and eyes.</summary>
    public Tensor Weights { get; }

    /// <summary>The tokens of the pictures, [scenes, 257, image width].</summary>
    public Tensor Images { get; }

    /// <summary>
    /// The speech features, [scenes x clips, clip frames + 4, blocks, channels]. Audio windows need two frames before and after a clip.
    /// </summary>
    public Tensor Audio { get; }

    /// <summary>The index of the mood of each scene, [scenes].</summary>
    public Tensor Moods { get; }

    /// <summary>The number of still frames at the start of each scene, see <see cref="Scene.LeadIn"/>, [scenes].</summary>
    public Tensor LeadIns { get; }

    /// <summary>Returns the slots of the next scenes. They are contiguous and never wrap around.</summary>
    public int Begin(int scenes)
    {
        int slot = (int)(written % Scenes);
        if (slot + scenes > Scenes) written += Scenes - slot;
        slot = (int)(written % Scenes);
        written += scenes;
        return slot;
    }

    /// <summary>
    /// Draws random clips: their rows, the rows of their scenes, and whether each continues an earlier clip or the still portrait before
    /// the speech.
    /// </summary>
    public (Tensor Clip, Tensor Scene, Tensor Continues) Draw(int count)
    {
        var clip = randint(0, (long)Held * clips, [count], dtype: ScalarType.Int64, device: device);
        var scene = clip.div(clips, RoundingMode.floor);
        return (clip, scene, clip.remainder(clips).gt(0).logical_or(LeadIns.index_select(0, scene).gt(0)));
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { Latents, Stills, Weights, Images, Audio, Moods, LeadIns }) tensor.Dispose();
    }
}
