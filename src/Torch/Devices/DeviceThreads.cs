using Locutor.Torch.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Torch.Devices;

/// <summary>
/// Runs work on several devices at the same time: one thread for each device, the first device on the calling thread. TorchSharp keeps
/// dispose scopes and the gradient mode for each thread separately.
/// </summary>
public static class DeviceThreads
{
    /// <summary>
    /// Runs work on a thread of its device and waits for the end. The current GPU of the calling thread does not change.
    /// </summary>
    public static T On<T>(Device device, Func<T> work) => DeviceThread.Start(
        device,
        () =>
        {
            Enter(device);
            return work();
        }).GetAwaiter().GetResult();

    /// <summary>Runs the work of all devices without gradients and waits for all threads to end.</summary>
    /// <param name="devices">The devices.</param>
    /// <param name="work">Work for the device of that number. Tensors that it returns must belong to no dispose scope.</param>
    /// <param name="stop">Called at the first failure; it must make the other threads end soon.</param>
    /// <returns>The results, in the order of the devices.</returns>
    /// <exception cref="DeviceFailedException">The work of a device failed; this is the first failure.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public static T[] Run<T>(IReadOnlyList<Device> devices, Func<int, T> work, Action stop)
    {
        var results = new T[devices.Count];
        Exception? first = null;
        Task[] others = [.. Enumerable.Range(1, devices.Count - 1).Select(i => DeviceThread.Start(devices[i], () => One(i)))];
        One(0);
        Task.WaitAll(others);
        return first is null ? results : throw first;

        bool One(int number)
        {
            try
            {
                using var inference = no_grad();
                Enter(devices[number]);
                results[number] = work(number);
            }
            catch (Exception failure)
            {
                var told = failure is OperationCanceledException or DeviceFailedException
                    ? failure
                    : new DeviceFailedException(devices[number], failure);
                if (Interlocked.CompareExchange(ref first, told, null) is null) stop();
            }

            return true;
        }
    }

    private static void Enter(Device device)
    {
        if (device.type == DeviceType.CUDA) CudaDriver.Enter(Math.Max(0, device.index));
    }
}
