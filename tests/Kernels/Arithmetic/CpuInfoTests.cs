using Locutor.Kernels.Arithmetic;

namespace Locutor.Kernels.Tests.Arithmetic;

public sealed class CpuInfoTests
{
    [Theory]
    [InlineData("AuthenticAMD", "avx2 avx512f avx512_bf16", true)] // EPYC 9004 and 9005
    [InlineData("AuthenticAMD", "avx2 avx512f", false)]
    [InlineData("GenuineIntel", "avx2 avx512f avx512_bf16 avx512_fp16 amx_bf16 amx_tile amx_int8", true)] // Xeon since Sapphire Rapids
    [InlineData("GenuineIntel", "avx2 avx512f avx512_bf16 avx512_fp16", false)] // the same in many virtual machines
    [InlineData("GenuineIntel", "avx2", false)]
    [InlineData("", "asimd bf16", false)]
    [InlineData("", "", false)]
    public void bfloat16_is_chosen_where_it_is_faster_than_float32(string vendor, string flags, bool faster) =>
        CpuInfo.ComputesFasterInBFloat16(vendor, flags).ShouldBe(faster);
}
