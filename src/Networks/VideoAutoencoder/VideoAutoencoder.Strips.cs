using Locutor.Torch.Devices;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoAutoencoder;

/// <summary>An autoencoder with equal weights on another device.</summary>
/// <param name="Device">The device.</param>
/// <param name="Network">The network.</param>
public sealed record AutoencoderHelper(Device Device, VideoAutoencoder Network);

/// <content>
/// Decoding over several devices. Each device computes one horizontal strip of the frames. A strip reads the receptive field around it, as
/// a tile does (<see cref="Tiles"/>), so there are no seams.
/// </content>
public sealed partial class VideoAutoencoder
{
    /// <summary>Smallest height of a strip in pixels; lower strips would be mostly overlap.</summary>
    private const int SmallestStrip = 64;

    /// <summary>Networks on other devices that decode strips of the frames.</summary>
    public IReadOnlyList<AutoencoderHelper> Helpers { get; init; } = [];

    /// <summary>
    /// Returns whether several devices decode the frames together. Frames that need tiles are decoded on one device: the strips of the
    /// lower resolutions would not fit either.
    /// </summary>
    private bool UsesStrips(Tensor latent, TilingPlan plan) =>
        Helpers.Count > 0 && !plan.Tiled && latent.shape[3] * Config.SpatialStride() >= SmallestStrip * (Helpers.Count + 1);

    /// <summary>
    /// Decodes a latent. The first layers see whole frames and run here. The layers after them are computed in strips in two stages, since
    /// the strips of a stage overlap less than those of all layers together.
    /// </summary>
    private Tensor DecodeInStrips(Tensor latent, TilingPlan plan, CancellationToken cancellationToken) => Scoped(() =>
    {
        var stages = decoder.Stages();
        IReadOnlyList<Tensor> chunks = [.. DecodeChunks(latent, plan.Latents, stages[0], cancellationToken)];
        for (int stage = 1; stage < stages.Count; stage++)
        {
            var next = ComputeStrips(stage, chunks, cancellationToken);
            foreach (var chunk in chunks) chunk.Dispose();
            chunks = next;
        }

        return cat([.. chunks], 2);
    });

    /// <summary>Computes one stage of the decoder for all chunks, a strip on each device.</summary>
    /// <returns>The output of each chunk on this device.</returns>
    private Tensor[] ComputeStrips(int stage, IReadOnlyList<Tensor> chunks, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        Device[] devices = [weights.Device, .. Helpers.Select(helper => helper.Device)];
        CausalStack[] stacks = [decoder.Stages()[stage], .. Helpers.Select(helper => helper.Network.decoder.Stages()[stage])];
        var rows = Tiles.Slice(stacks[0].Layers, chunks[0].shape[3], devices.Length);
        // Inputs are copied before the threads start: a copy waits for the work that is queued on both devices.
        var inputs = devices.Select((device, i) => chunks.Select(chunk => Strip(chunk, rows[i].Input, device)).ToArray()).ToArray();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var made = DeviceThreads.Run(devices, i => Compute(stacks[i], inputs[i], rows[i], stop.Token), stop.Cancel);
        return [.. chunks.Select((_, chunk) => Join([.. made.Select(strips => strips[chunk])], rows).MoveToOuterDisposeScope())];
    }

    /// <summary>Computes the strips of all chunks on one device. The results belong to no dispose scope.</summary>
    private static Tensor[] Compute(CausalStack stack, IReadOnlyList<Tensor> inputs, TileSlice rows, CancellationToken cancellationToken)
    {
        using var cache = new CausalCache();
        return [.. inputs.Select(input => Detached(() =>
            Layout.ChannelsLast(stack.Forward(input, cache, cancellationToken)!.narrow(3, rows.Skip, rows.Output.Length))))];
    }

    private static Tensor Strip(Tensor chunk, Interval rows, Device device) => Scoped(() =>
    {
        var strip = Layout.ChannelsLast(chunk.narrow(3, rows.From, rows.Length));
        return chunk.device.index == device.index ? strip : strip.to(device, copy: true);
    });

    /// <summary>Joins strips of several devices on this device and frees them.</summary>
    private Tensor Join(Tensor[] strips, IReadOnlyList<TileSlice> rows)
    {
        using var scope = NewDisposeScope();
        var whole = empty(
            [strips[0].shape[0], strips[0].shape[2], rows[^1].Output.To, strips[0].shape[4], strips[0].shape[1]], strips[0].dtype,
            weights.Device)
            .permute(0, 4, 1, 2, 3);
        foreach (var (strip, slice) in strips.Zip(rows))
            using (strip) whole.narrow(3, slice.Output.From, slice.Output.Length).copy_(strip);
        return whole.MoveToOuterDisposeScope();
    }
}
