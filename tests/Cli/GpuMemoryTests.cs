namespace Locutor.Cli.Tests;

public sealed class GpuMemoryTests
{
    /// <summary>The first is what libtorch 2.11 said on an H100 that was held to a budget.</summary>
    [Theory]
    [InlineData(
        "CUDA out of memory. Tried to allocate 4.00 GiB. GPU 0 has a total capacity of 79.18 GiB of which 76.49 GiB is free. Including non-PyTorch memory, this process has 2.68 GiB memory in use. 5.25 GiB allowed; Of the allocated memory 1.97 GiB is allocated by PyTorch",
        "4.00 GiB more was asked for, 76.49 GiB of 79.18 GiB is free, 5.25 GiB is allowed to this program. Give --vram-budget")]
    [InlineData("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 1 has a total capacity of 23.60 GiB of which 3.12 MiB is free. Process 7 has", "20.00 MiB more was asked for, 3.12 MiB of 23.60 GiB is free. Give --vram-budget")]
    [InlineData("CUDA out of memory, in other words", "the GPU's memory does not suffice. Give --vram-budget")]
    public void A_full_gpu_is_said_in_a_sentence_that_says_what_to_do(string said, string expected)
    {
        GpuMemory.Explain(new IOException(said))!.ShouldContain(expected);
        GpuMemory.Explain(new InvalidOperationException("a clip failed", new IOException(said)))!.ShouldContain(expected);
        GpuMemory.Explain(new IOException(said.Replace("CUDA", "host"))).ShouldBeNull();
    }
}
