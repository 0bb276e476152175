using System.Globalization;
using Locutor.Kernels.Compilation;
using Locutor.Torch;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Tests.Compilers;

/// <summary>
/// Compiles every kernel for every architecture: with clang to PTX on any machine, and with NVRTC, if it is installed, to machine code.
/// clang does not check inline assembly, so its instructions are looked up in a table.
/// </summary>
public sealed class ArchitectureTests : IDisposable
{
    /// <summary>
    /// Instructions in the kernels' own assembly and the first architecture that has each (PTX ISA 8.7, "Target ISA Notes").
    /// </summary>
    private static readonly (string Instruction, int First)[] Instructions =
    [
        ("ld.global.nc.L1::no_allocate.", 70), ("ex2.approx.ftz.f32", 20), ("rcp.approx.ftz.f32", 20), ("lg2.approx.ftz.f32", 20),
        ("cvt.f32.f16", 53), ("cvt.rn.f16.f32", 53),
        ("cvt.rn.bf16x2.f32", 80), ("max.NaN.bf16x2", 80), ("max.NaN.f16x2", 80), ("cvt.rn.satfinite.e4m3x2.f32", 89),
        ("max.NaN.f32", 80), ("cvt.rn.f16x2.f32", 80), ("cvta.to.shared.u64", 20), ("cvt.u32.u64", 20), ("bar.arrive", 20),
        ("bar.sync", 20), ("setp.ne.b32", 20),
        ("mbarrier.", 90), ("@done bra", 90), ("bra again", 90), ("fence.mbarrier_init.", 90), ("fence.proxy.async.", 90),
        ("cp.async.bulk.", 90), ("setmaxnreg.", 90), ("wgmma.", 90),
    ];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-compilers");

    public static TheoryData<string> Architectures => ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_90a", "sm_100", "sm_120"];

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Every_kernel_is_among_the_variants() =>
        KernelVariant.All.Select(variant => variant.File).Distinct().Order(StringComparer.Ordinal).ShouldBe(KernelSources.Files);

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Clang_compiles_every_kernel(string architecture)
    {
        Assert.SkipWhen(
            ClangProgram.Name is null && Nvrtc.Find(TorchOptions.Current) is not null,
            "no clang here; NVRTC compiles the kernels in another test");
        ClangProgram.Name.ShouldNotBeNull(
            "neither clang nor NVRTC is installed, so no kernel was compiled; install clang-22, as ./test does");
        KernelVariant[] variants = [.. KernelVariant.For(architecture)];
        string ptx = Clang.ToPtx(folder, variants, architecture);
        ptx.ShouldContain($".target {architecture}\n");
        for (int i = 0; i < variants.Length; i++) ptx.ShouldContain($"_{i}(", customMessage: $"{variants[i]}");
        foreach (string line in OwnInstructions(ptx).Distinct())
        {
            var known = Instructions.Where(one => line.StartsWith(one.Instruction, StringComparison.Ordinal)).ToArray();
            known.Length.ShouldBe(1, $"'{line}' is not in the table of instructions");
            known[0].First.ShouldBeLessThanOrEqualTo(Number(architecture), $"{architecture}: {line}");
        }
        TestContext.Current.SendDiagnosticMessage($"{architecture}: {variants.Length} kernels compiled to PTX with {ClangProgram.Name}");
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Nvrtc_compiles_every_kernel(string architecture)
    {
        var nvrtc = Nvrtc.Find(TorchOptions.Current);
        Assert.SkipWhen(nvrtc is null, "no NVRTC on this machine");
        Assert.SkipUnless(nvrtc!.Architectures.Contains(Number(architecture)), $"NVRTC {nvrtc.Version} does not know {architecture}");
        Parallel.ForEach(KernelVariant.For(architecture), variant =>
        {
            string source = variant.Source;
            nvrtc.Compile(source, variant.File, architecture).Length.ShouldBeGreaterThan(500);
            if (!architecture.EndsWith('a'))
            {
                nvrtc.Compile(source, variant.File, $"compute_{Number(architecture)}")[^1]
                    .ShouldBe((byte)0, "PTX is a text with a final zero");
            }
        });
        TestContext.Current.SendDiagnosticMessage(
            $"{architecture}: {KernelVariant.For(architecture).Count()} kernels compiled to machine code and PTX with NVRTC " +
            $"{nvrtc.Version}");
    }

    private static int Number(string architecture) => int.Parse(architecture["sm_".Length..].TrimEnd('a'), CultureInfo.InvariantCulture);

    /// <summary>A brace, a declaration or a label.</summary>
    private static bool IsFrame(string line) =>
        line is "{" or "}" || line.StartsWith(".reg ", StringComparison.Ordinal) || line.EndsWith(':');

    private static IEnumerable<string> OwnInstructions(string ptx)
    {
        bool own = false;
        foreach (string line in ptx.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith("// begin inline asm", StringComparison.Ordinal)) own = true;
            else if (line.StartsWith("// end inline asm", StringComparison.Ordinal)) own = false;
            else if (own && line.Length > 0 && !IsFrame(line)) yield return line;
        }
    }
}
