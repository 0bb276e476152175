using static TorchSharp.torch;

namespace Locutor.Generation.Guard;

/// <summary>
/// Detects results that are not finite, with one reduction per result. On a GPU the verdict is copied to the host asynchronously and read
/// with a later result or at the end, so the GPU never waits.
/// </summary>
/// <param name="precision">Precision of the networks, for the error message.</param>
internal sealed class FiniteWatch(string precision) : IDisposable
{
    /// <summary>Value of a verdict on the host that has not arrived yet; a verdict is 1 or NaN.</summary>
    private const float Pending = 0;

    private readonly Queue<(Tensor Verdict, string Network, string When)> open = new();

    /// <summary>Checks a result. A failure is thrown by this call or a later one.</summary>
    /// <exception cref="WrongResultException">This result or an earlier one was not finite.</exception>
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

    /// <summary>Reads all verdicts, waiting for the device if necessary.</summary>
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
