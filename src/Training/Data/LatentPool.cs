using static TorchSharp.torch;

namespace Locutor.Training.Data;

/// <summary>
/// Encoded scenes on the device, from which the video transformer is trained; new scenes take the place of the oldest. A scene is a still
/// of its portrait, the tokens of its picture, and its clips.
/// </summary>
public sealed class LatentPool : IDisposable
{
    private readonly Device device;
    private readonly int clips;
    private long written;

    /// <param name="scenes">Most that are held.</param>
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
        Audio = zeros([(long)scenes * clips, options.ClipFrames + 2 * reach, networks.Speech.Blocks, networks.Speech.Width], type, device).DetachFromDisposeScope();
        Moods = zeros(scenes, ScalarType.Int64, device).DetachFromDisposeScope();
    }

    public int Scenes { get; }

    /// <summary>Scenes held now.</summary>
    public int Held => (int)Math.Min(Scenes, written);

    /// <summary>Scenes ever written.</summary>
    public long Written => written;

    /// <summary>[scenes x clips, 16, F, h, w]</summary>
    public Tensor Latents { get; }

    /// <summary>[scenes, 16, F, h, w]: the portrait held still for a clip.</summary>
    public Tensor Stills { get; }

    /// <summary>[scenes, h, w]: 1, more on mouth and eyes.</summary>
    public Tensor Weights { get; }

    /// <summary>[scenes, 257, image width]</summary>
    public Tensor Images { get; }

    /// <summary>[scenes x clips, clip frames + 4, blocks, channels]: two frames before and after the clip, for the windows.</summary>
    public Tensor Audio { get; }

    /// <summary>[scenes]</summary>
    public Tensor Moods { get; }

    /// <summary>Slots of the next scenes; written as one run, so a run never wraps around.</summary>
    public int Begin(int scenes)
    {
        int slot = (int)(written % Scenes);
        if (slot + scenes > Scenes) written += Scenes - slot;
        slot = (int)(written % Scenes);
        written += scenes;
        return slot;
    }

    /// <summary>Random clips: their rows, the rows of their scenes, and which of them go on from an earlier clip.</summary>
    public (Tensor Clip, Tensor Scene, Tensor GoesOn) Draw(int count)
    {
        var clip = randint(0, (long)Held * clips, [count], dtype: ScalarType.Int64, device: device);
        return (clip, clip.div(clips, RoundingMode.floor), clip.remainder(clips).gt(0));
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { Latents, Stills, Weights, Images, Audio, Moods }) tensor.Dispose();
    }
}
