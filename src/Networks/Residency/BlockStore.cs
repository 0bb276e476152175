using Locutor.Kernels.Quantisation;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Residency;

/// <summary>The blocks of a network, some on the device and the others on the host.</summary>
/// <typeparam name="TBlock">A block, which loads all its parameters when it is created.</typeparam>
internal sealed class BlockStore<TBlock> : IDisposable
{
    private readonly TBlock[] resident, slots;
    private readonly SlotSchedule? schedule;
    private readonly IBlockTransport? transport;

    /// <summary>Loads the blocks.</summary>
    /// <param name="weights">Place of the numbered blocks.</param>
    /// <param name="count">Number of blocks.</param>
    /// <param name="create">Creates a block from the parameters below a place.</param>
    /// <param name="residency">Which blocks stay on the device.</param>
    public BlockStore(Weights weights, int count, Func<Weights, TBlock> create, BlockResidency residency)
    {
        Count = count;
        int stay = Math.Min(Count, residency.Resident), passing = Count - stay, places = Math.Min(passing, residency.Slots);
        resident = [.. Enumerable.Range(0, stay).Select(i => create(weights[i]))];
        slots = [];
        if (passing == 0) return;
        ArgumentOutOfRangeException.ThrowIfLessThan(residency.Slots, 1);
        var recorded = Enumerable.Range(0, places).Select(_ => new List<Tensor>()).ToArray();
        slots = [.. recorded.Select((tensors, i) => create(Recording(weights, tensors)[stay + i]))];
        transport = CreateTransport(weights, create, stay, passing, recorded);
        schedule = new SlotSchedule(passing, places, transport);
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>Number of times a block was used before it was prefetched.</summary>
    public int Misses => schedule?.Misses ?? 0;

    /// <summary>Number of times a block was copied to the device.</summary>
    public long Copies => schedule?.Copies ?? 0;

    /// <summary>Queues work that uses the block of that index.</summary>
    public T Use<T>(int index, Func<TBlock, T> work)
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

    private static IBlockTransport CreateTransport(
        Weights weights, Func<Weights, TBlock> create, int stay, int passing, List<Tensor>[] slots)
    {
        if (weights.Device.type == TorchSharp.DeviceType.CUDA)
            return new CudaTransport(Math.Max(0, weights.Device.index), slots, passing, HostCopy);
        return new HostTransport(slots, [.. Enumerable.Range(0, passing).Select(HostCopy)]);

        IReadOnlyList<Tensor> HostCopy(int block)
        {
            using var inference = no_grad();
            List<Tensor> tensors = [];
            var place = Recording(weights, tensors)[stay + block];
            _ = create(place);
            var copies = tensors.Select(tensor => tensor.to(CPU, copy: true).DetachFromDisposeScope()).ToArray();
            if (block >= slots.Length) place.Forget();
            return copies;
        }
    }

    /// <summary>Returns the same parameters; every tensor that is loaded through them is added to a list, in order.</summary>
    private static Weights Recording(Weights weights, List<Tensor> tensors) =>
        weights.From(inner => new RecordingParameters(inner, tensors));

    private sealed class RecordingParameters(IParameterSource inner, List<Tensor> recorded) : IParameterSource
    {
        public bool Contains(string key) => inner.Contains(key);

        public Tensor Load(string key, long[] shape, Initial initial, ScalarType type, Device device)
        {
            var tensor = inner.Load(key, shape, initial, type, device);
            recorded.Add(tensor);
            return tensor;
        }

        public QuantisedRows LoadQuantised(string key, long[] shape, LinearPrecision precision, Device device)
        {
            var rows = inner.LoadQuantised(key, shape, precision, device);
            recorded.AddRange([rows.Values, rows.Scales]);
            return rows;
        }

        public void Forget(string prefix) => inner.Forget(prefix);
    }
}
