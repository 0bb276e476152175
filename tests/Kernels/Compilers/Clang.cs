using System.Diagnostics;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Tests.Compilers;

/// <summary>
/// Compiles kernels with clang, which needs neither CUDA nor a GPU: to PTX of any architecture, or to a library of this CPU.
/// </summary>
internal static class Clang
{
    /// <summary>PTX of CUDA 12.8, the first that knows capability 12.0.</summary>
    private const string PtxFeature = "+ptx87";

    private static readonly string[] Names = ["clang-22", "clang-21", "clang-20"];
    private static readonly Lazy<string?> Program = new(() => Names.FirstOrDefault(name => Run(name, ["--version"]) is (0, _)));

    /// <summary>Null where there is none.</summary>
    public static string? Name => Program.Value;

    /// <returns>PTX.</returns>
    /// <exception cref="KernelException">It does not compile.</exception>
    public static string ToPtx(DirectoryInfo folder, KernelVariant variant, string architecture) => File.ReadAllText(Compile(
        folder, variant, "kernels-for-clang.cuh", $"{architecture}.ptx", [
        "-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib", $"--cuda-gpu-arch={architecture}", "-Xclang", "-target-feature",
        "-Xclang", PtxFeature, "-fdeclspec", "-S"], []));

    /// <returns>Path of a shared library.</returns>
    public static string ToLibrary(DirectoryInfo folder, KernelVariant variant)
    {
        string[] half = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            == System.Runtime.InteropServices.Architecture.X64
            ? ["-mf16c"]
            : [];
        return Compile(
            folder, variant, "kernels-for-host.cuh", "so", ["-x", "c++", "-shared", "-fPIC", "-nostdlib", .. half], ["-l:libm.so.6"]);
    }

    private static string Compile(
        DirectoryInfo folder, KernelVariant variant, string prelude, string extension, string[] options, string[] libraries)
    {
        string name = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}"), source = name + ".cu", made = $"{name}.{extension}";
        File.WriteAllText(source, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Compilers", prelude)) + variant.Source);
        var (code, said) = Run(
            Name ?? throw new InvalidOperationException("no clang"),
            [.. options, "-std=c++14", "-O1", "-Wall", "-Werror", "-Wno-unused-function", "-o", made, source, .. libraries]);
        return code == 0 ? made : throw new KernelException($"{variant}: {said}");
    }

    private static (int Code, string Said) Run(string program, IEnumerable<string> arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var said = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, said.GetAwaiter().GetResult());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, $"no {program}");
        }
    }
}
