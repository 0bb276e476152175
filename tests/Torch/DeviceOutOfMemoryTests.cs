using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests;

public sealed class DeviceOutOfMemoryTests
{
    /// <summary>The first is the message of libtorch 2.11 on an H100 that was held to a budget.</summary>
    [Theory]
    [InlineData(
        "CUDA out of memory. Tried to allocate 4.00 GiB. GPU 0 has a total capacity of 79.18 GiB of which 76.49 GiB is free. Including " +
        "non-PyTorch memory, this process has 2.68 GiB memory in use. 5.25 GiB allowed; Of the allocated memory 1.97 GiB is allocated " +
        "by PyTorch",
        "the GPU's memory does not suffice: 4.00 GiB more was asked for, 76.49 GiB of 79.18 GiB is free, 5.25 GiB is allowed to this " +
        "program")]
    [InlineData(
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 1 has a total capacity of 23.60 GiB of which 3.12 MiB is free. Process 7 has",
        "the GPU's memory does not suffice: 20.00 MiB more was asked for, 3.12 MiB of 23.60 GiB is free")]
    [InlineData("CUDA out of memory, in other words", "the GPU's memory does not suffice")]
    public void The_message_of_a_full_gpu_is_recognised(string native, string expected)
    {
        DeviceOutOfMemoryException.From(new NativeException(native))!.Message.ShouldBe(expected);
        Should.Throw<DeviceOutOfMemoryException>(() => DeviceOutOfMemoryException.Watch<int>(
            () => throw new InvalidOperationException("a clip failed", new NativeException(native)))).Message.ShouldBe(expected);
        DeviceOutOfMemoryException.From(new DeviceFailedException(new Device(DeviceType.CUDA, 1), new NativeException(native)))!
            .Message.ShouldBe($"cuda:1: {expected}");
        DeviceOutOfMemoryException.From(new NativeException(native.Replace("CUDA", "something"))).ShouldBeNull();
    }

    /// <summary>libtorch itself is asked for more than any machine has.</summary>
    [Fact]
    public async Task A_host_without_enough_memory_is_recognised()
    {
        Should.Throw<DeviceOutOfMemoryException>(() => DeviceOutOfMemoryException.Watch(() => empty([1L << 50], ScalarType.Float32)))
            .Message.ShouldBe($"the machine's memory does not suffice: {1L << 52} bytes more were asked for");
        await Should.ThrowAsync<DeviceOutOfMemoryException>(
            () => DeviceOutOfMemoryException.WatchAsync(() => Task.Run(() => empty([1L << 50], ScalarType.Float32))));
    }

    [Fact]
    public void Other_failures_stay_what_they_are() =>
        Should.Throw<ExternalException>(() => DeviceOutOfMemoryException.Watch(() => ones(2).add(ones(3))));

    /// <summary>As TorchSharp throws it.</summary>
    private sealed class NativeException(string message) : ExternalException(message);
}
