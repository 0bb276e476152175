using System.Diagnostics;
using System.Text.RegularExpressions;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Tests.Compilers;

/// <summary>
/// Compiles kernels with clang, which needs neither CUDA nor a GPU: to PTX of any architecture, or to a library of this CPU.
/// </summary>
internal static partial class Clang
{
    /// <summary>PTX version of CUDA 12.8, the first with capability 12.0.</summary>
    private const string PtxFeature = "+ptx87";

    /// <summary>
    /// Compiles all variants as one text, since starting clang takes as long as compiling one of them, and without optimisation, which
    /// would take three quarters of the time.
    /// </summary>
    /// <returns>PTX. The name of each function ends with the index of its variant.</returns>
    /// <exception cref="KernelException">A variant does not compile.</exception>
    public static string ToPtx(DirectoryInfo folder, IEnumerable<KernelVariant> variants, string architecture) => File.ReadAllText(Compile(
        folder, string.Concat(variants.Select(Separated)), "kernels-for-clang.cuh", $"{architecture}.ptx", [
        "-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib", $"--cuda-gpu-arch={architecture}", "-Xclang", "-target-feature",
        "-Xclang", PtxFeature, "-fdeclspec", "-O0", "-S"], []));

    /// <returns>Path of a shared library.</returns>
    public static string ToLibrary(DirectoryInfo folder, KernelVariant variant)
    {
        string[] half = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            == System.Runtime.InteropServices.Architecture.X64
            ? ["-mf16c"]
            : [];
        return Compile(
            folder, variant.Source, "kernels-for-host.cuh", "so", ["-x", "c++", "-shared", "-fPIC", "-nostdlib", "-O1", .. half],
            ["-l:libm.so.6"]);
    }

    /// <summary>The text of a variant that leaves no names behind; messages of the compiler begin with the variant.</summary>
    private static string Separated(KernelVariant variant, int index)
    {
        string source = variant.Source;
        string renamed = string.Concat(Function().Matches(source).Select(match => match.Groups[1].Value)
            .Select(name => $"#define {name} {name}_{index}\n"));
        string forgotten = string.Concat(Macro().Matches(renamed + source).Select(match => $"#undef {match.Groups[1].Value}\n"));
        return $"{renamed}namespace variant_{index} {{\n#line 1 \"{variant}\"\n{source}\n}}\n{forgotten}";
    }

    [GeneratedRegex(@"extern ""C"" __global__ void (?:__launch_bounds__\([^)]*\) )?(\w+)\(")]
    private static partial Regex Function();

    [GeneratedRegex(@"^\s*#define (\w+)", RegexOptions.Multiline)]
    private static partial Regex Macro();

    private static string Compile(
        DirectoryInfo folder, string text, string prelude, string extension, string[] options, string[] libraries)
    {
        string name = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}"), source = name + ".cu", made = $"{name}.{extension}";
        File.WriteAllText(source, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Compilers", prelude)) + text);
        var (code, said) = Run(
            ClangProgram.Name ?? throw new InvalidOperationException("no clang"),
            [.. options, "-std=c++14", "-Wall", "-Werror", "-Wno-unused-function", "-o", made, source, .. libraries]);
        return code == 0 ? made : throw new KernelException(said);
    }

    private static (int Code, string Said) Run(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said.GetAwaiter().GetResult());
    }
}
