using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.VideoTransformer.Residency;

/// <summary>How many blocks of a transformer stay on the device; the others come in turn from the host's memory.</summary>
/// <param name="Resident">Blocks that stay; all of them, or more, need no slots.</param>
/// <param name="Slots">Places on the device through which the others pass, at least 2 so that copies run beside the work.</param>
public sealed record BlockResidency(int Resident, int Slots = 2)
{
    /// <summary>Everything stays on the device.</summary>
    public static BlockResidency All { get; } = new(int.MaxValue);

    /// <summary>As many blocks as fit a budget beside what else needs memory.</summary>
    /// <param name="budget">Bytes of the device.</param>
    /// <param name="others">Bytes of it that activations and other networks need.</param>
    /// <param name="block">Bytes of a block.</param>
    public static BlockResidency Within(long budget, long others, long block, int blocks)
    {
        long fit = Math.Max(0, budget - others) / Math.Max(1, block);
        return fit >= blocks ? All : new BlockResidency((int)Math.Max(0, fit - 2), 2);
    }
}

/// <summary>The blocks of a transformer, wherever they rest.</summary>
internal sealed class BlockStore : IDisposable
{
    private readonly TransformerBlock[] resident, slots;
    private readonly SlotSchedule? schedule;
    private readonly IBlockTransport? transport;

    public BlockStore(Weights weights, VideoTransformerConfig config, BlockResidency residency)
    {
        Count = config.Blocks;
        int stay = Math.Min(Count, residency.Resident), passing = Count - stay, places = Math.Min(passing, residency.Slots);
        resident = [.. Enumerable.Range(0, stay).Select(i => new TransformerBlock(weights[i], config))];
        slots = [];
        if (passing == 0) return;
        ArgumentOutOfRangeException.ThrowIfLessThan(residency.Slots, 1);
        var filled = Enumerable.Range(0, places).Select(_ => new Captured()).ToArray();
        slots = [.. filled.Select((captured, i) => new TransformerBlock(captured.Around(weights)[stay + i], config))];
        transport = Transport(weights, config, stay, passing, [.. filled.Select(captured => captured.Tensors)]);
        schedule = new SlotSchedule(passing, places, transport);
    }

    public int Count { get; }

    /// <summary>Times that a block had to be waited for because nothing had fetched it before.</summary>
    public int Misses => schedule?.Misses ?? 0;

    /// <summary>Times that a block was copied to the device.</summary>
    public long Copies => schedule?.Copies ?? 0;

    /// <summary>Queues work with the block of that index.</summary>
    public T Use<T>(int index, Func<TransformerBlock, T> work)
    {
        if (index < resident.Length) return work(resident[index]);
        int block = index - resident.Length, slot = schedule!.Acquire(block);
        try
        {
            return work(slots[slot]);
        }
        finally
        {
            schedule.Release(slot, block);
        }
    }

    public void Dispose() => transport?.Dispose();

    private static IBlockTransport Transport(Weights weights, VideoTransformerConfig config, int stay, int passing, IReadOnlyList<IReadOnlyList<Tensor>> slots)
    {
        if (weights.Device.type == TorchSharp.DeviceType.CUDA) return new CudaTransport(Math.Max(0, weights.Device.index), slots, passing, Rest);
        return new HostTransport(slots, [.. Enumerable.Range(0, passing).Select(Rest)]);

        IReadOnlyList<Tensor> Rest(int block)
        {
            using var still = no_grad();
            var captured = new Captured();
            var place = captured.Around(weights)[stay + block];
            _ = new TransformerBlock(place, config);
            var copies = captured.Tensors.Select(tensor => tensor.to(CPU, copy: true).DetachFromDisposeScope()).ToArray();
            if (block >= slots.Count) place.Forget();
            return copies;
        }
    }

    /// <summary>Notes every tensor that a block loads, in order.</summary>
    private sealed class Captured
    {
        public List<Tensor> Tensors { get; } = [];

        public Weights Around(Weights weights) => weights.From(inner => new Noting(inner, Tensors));
    }

    private sealed class Noting(IParameterSource inner, List<Tensor> noted) : IParameterSource
    {
        public bool Contains(string key) => inner.Contains(key);

        public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
        {
            var tensor = inner.Load(key, shape, initial, type, device);
            noted.Add(tensor);
            return tensor;
        }

        public QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
        {
            var rows = inner.LoadQuantised(key, shape, precision, device);
            noted.AddRange([rows.Values, rows.Scales]);
            return rows;
        }

        public void Forget(string prefix) => inner.Forget(prefix);
    }
}
