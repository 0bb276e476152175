using Locutor.Torch.Devices;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests.Devices;

/// <summary>Threads of devices. The work needs no device; other tests do not use the device "meta".</summary>
public sealed class DeviceThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>libtorch keeps cuDNN's execution plans for each thread, so a device must not get a new thread for each pass.</summary>
    [Fact]
    public void A_device_keeps_its_threads()
    {
        var device = META;
        int[] first = Threads(device), later = Threads(device);
        first.Distinct().Count().ShouldBe(3);
        later.Order().ShouldBe(first.Order());
        int[] alone = [.. Enumerable.Range(0, 3).Select(_ => DeviceThreads.On(device, () => Environment.CurrentManagedThreadId))];
        alone.Distinct().ShouldHaveSingleItem();
        alone[0].ShouldNotBe(Environment.CurrentManagedThreadId);
    }

    /// <summary>Two users of a device do not wait for each other: the work of the second runs within that of the first.</summary>
    [Fact]
    public async Task A_device_whose_threads_are_busy_gets_another_one()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var both = Task.Run(
            () => DeviceThreads.On(
                CPU, () => (Environment.CurrentManagedThreadId, DeviceThreads.On(CPU, () => Environment.CurrentManagedThreadId))),
            cancellationToken);
        var (outer, inner) = await both.WaitAsync(Patience, cancellationToken);
        inner.ShouldNotBe(outer);
    }

    [Fact]
    public void Failures_and_overridden_options_pass_between_the_threads()
    {
        Should.Throw<InvalidOperationException>(() => DeviceThreads.On<int>(CPU, () => throw new InvalidOperationException("the fault")))
            .Message.ShouldBe("the fault");
        using (TorchOptions.Override(TorchOptions.Current with { Attention = "exact" }))
            DeviceThreads.On(CPU, () => TorchOptions.Current.Attention).ShouldBe("exact");
        DeviceThreads.On(CPU, () => TorchOptions.Current.Attention).ShouldBe(TorchOptions.Current.Attention);
    }

    /// <summary>Returns the threads of a run on three devices, the calling thread included.</summary>
    private static int[] Threads(Device device)
    {
        using var together = new Barrier(3); // all three run at the same time
        return DeviceThreads.Run(
            [device, device, device],
            _ => together.SignalAndWait(Patience) ? Environment.CurrentManagedThreadId : throw new TimeoutException(), () => { });
    }
}
