using Locutor.Training.Data;
using static TorchSharp.torch;

namespace Locutor.Training.Stages;

/// <summary>The inputs and targets of the face upsampler for one batch, on the device.</summary>
/// <param name="drawn">The crops of redrawn frames, [crops * frames, 3, crop, crop] in [-1, 1].</param>
/// <param name="reference">The crops of the portraits as the autoencoder draws them, of equal shape.</param>
/// <param name="portrait">Bytes [crops, large crop, large crop, 3].</param>
/// <param name="truth">Bytes [crops, frames, large crop, large crop, 3].</param>
internal sealed class RedrawnCrops(Tensor drawn, Tensor reference, Tensor portrait, Tensor truth) : IDisposable
{
    public int Count => (int)truth.shape[0];

    public static RedrawnCrops Create(RedrawnScenes networks, DetailBatch batch, ScriptOptions scenes, DetailOptions options, Device device)
    {
        using var scope = NewDisposeScope();
        var (video, portraits) = networks.Redraw(batch.Scenes);
        var (drawn, references) = (new List<Tensor>(), new List<Tensor>());
        for (int i = 0; i < batch.Crops.Length; i++)
        {
            var (x, y, first) = batch.Crops[i];
            int clip = i / DetailBatch.CropsOfClip;
            drawn.Add(Cut(video[clip].narrow(1, first, options.Frames).transpose(0, 1)));
            references.Add(Cut(portraits[clip / scenes.Clips].unsqueeze(0).expand(options.Frames, -1, -1, -1)));
            Tensor Cut(Tensor pictures) => pictures.narrow(2, y, options.Crop).narrow(3, x, options.Crop);
        }
        return new RedrawnCrops(
            cat([.. drawn], 0).DetachFromDisposeScope(), cat([.. references], 0).DetachFromDisposeScope(),
            batch.Portrait.ToDevice(device).clone().DetachFromDisposeScope(),
            batch.Truth.ToDevice(device).clone().DetachFromDisposeScope());
    }

    /// <summary>Returns the inputs and the targets of every frame of every crop: [crops * frames, 3, ...] in [-1, 1], float32.</summary>
    public (Tensor Drawn, Tensor Reference, Tensor Portrait, Tensor Truth) Batch()
    {
        var large = portrait.to(float32).div(127.5).sub(1).permute(0, 3, 1, 2).unsqueeze(1); // [C, 1, 3, S, S]
        return (
            drawn, reference, large.expand(-1, truth.shape[1], -1, -1, -1).flatten(0, 1),
            truth.to(float32).div(127.5).sub(1).permute(0, 1, 4, 2, 3).flatten(0, 1));
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { drawn, reference, portrait, truth }) tensor.Dispose();
    }
}

/// <summary>Batches on the device. If there are more than <paramref name="most"/>, the oldest is dropped.</summary>
internal sealed class HeldCrops(int most) : IDisposable
{
    private readonly List<RedrawnCrops> held = [];
    private readonly Random random = new(1);

    public int Count => held.Count;

    public void Add(RedrawnCrops crops)
    {
        held.Add(crops);
        if (held.Count <= most) return;
        held[0].Dispose();
        held.RemoveAt(0);
    }

    /// <summary>Returns a random batch.</summary>
    public RedrawnCrops Any() => held[random.Next(held.Count)];

    public void Dispose()
    {
        foreach (var crops in held) crops.Dispose();
    }
}
