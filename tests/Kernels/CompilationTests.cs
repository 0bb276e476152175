using Locutor.Kernels.Compilation;
using Locutor.Kernels.Quantisation;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests;

public sealed class CompilationTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-kernels");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void The_scripts_that_reach_unbound_operations_compile()
    {
        TorchScripts.Check();
        // Small values, because a processor without VNNI adds pairs of products in 16 bits. Networks use this operation on GPUs only.
        var random = new RandomInputs(TestSeed.Value);
        using var a = random.Integers(-63, 64, 32, 16).to(ScalarType.Int8);
        using var b = random.Integers(-63, 64, 16, 24).to(ScalarType.Int8);
        using var found = TorchScripts.Int8Product(a, b);
        using var expected = a.to(ScalarType.Int32).matmul(b.to(ScalarType.Int32));
        found.Equals(expected).ShouldBeTrue();
    }

    [Fact]
    public void Every_embedded_kernel_begins_with_the_shared_source()
    {
        KernelSources.Files.ShouldBe(
            [
                "ChannelNormSilu.cu", "EightBitAttention.cu", "FoldedAttention.cu", "FrameConvolution.cu", "GatedResidual.cu", "Gelu.cu",
                "JoinedAttention.cu", "NormModulate.cu", "QuantiseHeads.cu", "QuantiseRows.cu", "RmsRotary.cu", "ScaleProducts.cu"
            ]);
        foreach (string file in KernelSources.Files)
        {
            string source = KernelSources.Read(file, "#define WIDTH 8\n");
            source.ShouldStartWith("#define WIDTH 8\n", customMessage: file);
            source.ShouldContain("extern \"C\" __global__", customMessage: file);
            source.ShouldContain("over_row");
            source.ShouldNotContain("#include");
        }
    }

    [Fact]
    public void A_kernel_is_compiled_once_for_its_text_architecture_and_compiler()
    {
        int compiled = 0;
        byte[] Compile() => [(byte)++compiled, 7, 7];
        var cache = new KernelCache(folder.FullName);
        cache.Get("text", "sm_90", "12.8", Compile).ShouldBe([1, 7, 7]);
        new KernelCache(folder.FullName).Get("text", "sm_90", "12.8", Compile).ShouldBe([1, 7, 7]);
        cache.Get("text ", "sm_90", "12.8", Compile).ShouldBe([2, 7, 7]);
        cache.Get("text", "sm_80", "12.8", Compile).ShouldBe([3, 7, 7]);
        cache.Get("text", "sm_90", "13.0", Compile).ShouldBe([4, 7, 7]);
        folder.GetFiles().Length.ShouldBe(4);
        folder.GetFiles("*.part").ShouldBeEmpty();
    }

    [Fact]
    public void A_truncated_or_changed_file_is_compiled_again()
    {
        var cache = new KernelCache(folder.FullName);
        cache.Get("text", "sm_90", "12.8", () => [.. Enumerable.Range(0, 100).Select(i => (byte)i)]);
        var file = folder.GetFiles().Single();
        byte[] whole = File.ReadAllBytes(file.FullName);
        byte[] changed = [.. whole];
        changed[60] ^= 1;
        foreach (byte[] bad in new[] { whole[..40], [], changed })
        {
            File.WriteAllBytes(file.FullName, bad);
            cache.Get("text", "sm_90", "12.8", () => [9]).ShouldBe([9]);
        }
    }

    [Fact]
    public void Without_a_writable_folder_kernels_are_compiled_again_and_work() =>
        new KernelCache(Path.Combine("/proc", "nowhere")).Get("text", "sm_90", "12.8", () => [1]).ShouldBe([1]);

    [Fact]
    public void A_row_is_divided_among_the_fewest_threads_that_can_hold_it()
    {
        RowShape.ForBlock(5120, true, 4).ShouldBe(new(5120, 160, 4, true));
        RowShape.ForBlock(13824, true, 6).ShouldBe(new(13824, 288, 6, true));
        RowShape.ForWarp(96, true).ShouldBe(new(96, 4, 3, true));
        RowShape.ForWarp(384, true).ShouldBe(new(384, 16, 3, true));
        foreach (int width in Enumerable.Range(1, RowShape.Longest))
        {
            foreach (bool wide in width % 8 == 0 ? new[] { true, false } : [false])
            {
                foreach (int most in new[] { 4, 6 })
                {
                    var shape = RowShape.ForBlock(width, wide, most);
                    shape.Width.ShouldBe(width);
                    (shape.Lanes % 32 == 0 && shape.Lanes is > 0 and <= 1024 && shape.Vectors > 0 && shape.Vectors <= most)
                        .ShouldBeTrue($"{shape}");
                    (shape.Wide ? wide && shape.Lanes * shape.Vectors * 8 == width : shape.Lanes * shape.Vectors * 8 >= width)
                        .ShouldBeTrue($"{shape}");
                    if (width > 1024) continue;
                    shape = RowShape.ForWarp(width, wide);
                    (shape.Lanes is > 0 and <= 32 && 32 % shape.Lanes == 0
                        && (shape.Wide ? wide && shape.Lanes * shape.Vectors * 8 == width : shape.Lanes * shape.Vectors * 8 >= width))
                        .ShouldBeTrue($"{shape}");
                }
            }
        }

        RowShape.ForBlock(8, true, 4).Constants(LinearPrecision.Int8, ("HEAD", 4))
            .ShouldBe("#define WIDTH 8\n#define LANES 32\n#define VECTORS 1\n#define WIDE 0\n#define FORMAT 2\n#define HEAD 4\n");
    }

    [Fact]
    public void Other_types_than_bfloat16_on_a_GPU_take_the_plain_path()
    {
        using var single = ones(4);
        using var half = single.to(ScalarType.BFloat16);
        CudaKernel.CanRun(single).ShouldBeFalse();
        CudaKernel.CanRun(half).ShouldBeFalse();
        CudaKernel.CanRunAttention(half).ShouldBeFalse();
    }
}
