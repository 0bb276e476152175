using System.Globalization;
using System.Runtime.InteropServices;

namespace Locutor.Torch.Tests;

/// <summary>
/// The heap of glibc after buffers were freed between others that remain. The heap belongs to the process, so there is one test for
/// everything, and no other test runs at the same time.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Collection(Name)]
public sealed unsafe class HostHeapTests
{
    public const string Name = "heap of the process";
    private const int Buffers = 2000, BufferBytes = 100_000; // below the size from which malloc uses mmap
    private const long Growth = 250L << 20; // beyond the limit of the class
    private const long Half = (long)Buffers * BufferBytes / 2;

    [Fact]
    public void Free_pages_of_the_heap_are_returned_at_the_start_and_after_it_has_grown()
    {
        var heap = new HostHeap();
        var holes = new List<nint>();
        try
        {
            MakeHoles(holes);
            long before = Resident();
            heap.Settle();
            (before - Resident()).ShouldBeGreaterThan(Half, "holes of earlier work");

            heap.Settle(); // the first piece of work is done
            long usual = Resident();
            heap.Settle();
            for (int i = 0; Resident() < usual + Growth; i++)
            {
                i.ShouldBeLessThan(20, "the test makes too few holes");
                MakeHoles(holes);
            }

            before = Resident();
            heap.Settle();
            (before - Resident()).ShouldBeGreaterThan(Half, "holes of later work");
        }
        finally
        {
            foreach (nint kept in holes) NativeMemory.Free((void*)kept);
        }
    }

    /// <summary>
    /// Allocates buffers and frees all but every tenth. The remaining ones have the size of the others: a small block could be allocated in
    /// an old hole elsewhere, and then the freed buffers would be returned to the kernel at once.
    /// </summary>
    private static void MakeHoles(List<nint> kept)
    {
        var buffers = new List<nint>();
        for (int i = 0; i < Buffers; i++)
        {
            buffers.Add((nint)NativeMemory.Alloc(BufferBytes));
            new Span<byte>((void*)buffers[^1], BufferBytes).Fill(1);
        }

        for (int i = 0; i < Buffers; i++)
        {
            if (i % 10 == 9) kept.Add(buffers[i]);
            else NativeMemory.Free((void*)buffers[i]);
        }
    }

    private static long Resident() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
}
