using System.Reflection;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Compilation;

/// <summary>The CUDA C++ sources that are embedded in this library.</summary>
public static class KernelSources
{
    private const string Shared = "shared.cuh", Hopper = "hopper.cuh";
    private static readonly Assembly Carrier = typeof(KernelSources).Assembly;

    /// <summary>Names of all sources, for example <c>NormModulate.cu</c>, in alphabetical order.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Carrier.GetManifestResourceNames().Where(name => name.EndsWith(".cu", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>
    /// Returns the text to compile: constants, shared declarations, the header of the same name if there is one, and the source itself.
    /// </summary>
    /// <param name="file">Name of the source.</param>
    /// <param name="constants">Lines of <c>#define NAME value</c>.</param>
    /// <param name="hopper">Whether the file uses the instructions of compute capability 9.0.</param>
    public static string Read(string file, string constants = "", bool hopper = false) =>
        constants + Text(Shared) + (hopper ? Text(Hopper) : "") + Header(Path.ChangeExtension(file, ".cuh")) + Text(file);

    private static string Header(string name) => Carrier.GetManifestResourceInfo(name) is null ? "" : Text(name);

    private static string Text(string name)
    {
        using var stream = Carrier.GetManifestResourceStream(name) ?? throw new KernelException($"this build does not contain {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
