using static TorchSharp.torch;

namespace Locutor.Generation.Guard;

/// <summary>
/// Notices numbers that are not finite, with one reduction for each result. On a GPU the verdict is copied to the host without waiting and
/// read with a later result or at the end, so that the GPU never idles.
/// </summary>
/// <param name="precision">Of the networks that are watched, for the message.</param>
internal sealed class FiniteWatch(string precision) : IDisposable
{
    /// <summary>A verdict on the host: 0 until it has arrived, then 1, or NaN.</summary>
    private const float Pending = 0;

    private readonly Queue<(Tensor Verdict, string Network, string When)> open = new();

    /// <summary>Watches a result. Its verdict, or that of an earlier result, is thrown now or later.</summary>
    /// <exception cref="WrongResultException">A result was not finite.</exception>
    public void Look(Tensor result, string network, string when)
    {
        ReadArrived();
        using var still = no_grad();
        using var scope = NewDisposeScope();
        var verdict = result.sum(ScalarType.Float32) * 0 + 1; // NaN as soon as one number is NaN or infinite
        var host = verdict;
        if (result.device_type != TorchSharp.DeviceType.CPU)
        {
            host = zeros(verdict.shape, ScalarType.Float32).pin_memory();
            host.copy_(verdict, true);
        }
        open.Enqueue((host.DetachFromDisposeScope(), network, when));
        if (result.device_type == TorchSharp.DeviceType.CPU) ReadArrived();
    }

    /// <summary>Reads every verdict; call when the device has finished, or to wait for it.</summary>
    /// <exception cref="WrongResultException">A result was not finite.</exception>
    public void Finish(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize(device);
        ReadArrived();
        if (open.Count > 0) throw new InvalidOperationException("a verdict has not arrived though the device has finished");
    }

    public void Dispose()
    {
        foreach (var (verdict, _, _) in open) verdict.Dispose();
        open.Clear();
    }

    private void ReadArrived()
    {
        while (open.TryPeek(out var oldest) && oldest.Verdict.item<float>() is var value && value != Pending)
        {
            open.Dequeue().Verdict.Dispose();
            if (!float.IsFinite(value)) throw WrongResultException.NotFinite(oldest.Network, oldest.When, precision);
        }
    }
}
