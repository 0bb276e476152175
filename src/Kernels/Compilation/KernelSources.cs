using System.Reflection;
using Locutor.Torch.Cuda;

namespace Locutor.Kernels.Compilation;

/// <summary>The CUDA C++ texts that this library carries.</summary>
public static class KernelSources
{
    private const string Shared = "shared.cuh", Hopper = "hopper.cuh";
    private static readonly Assembly Carrier = typeof(KernelSources).Assembly;

    /// <summary>Every kernel's file, such as <c>NormModulate.cu</c>, in alphabetical order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Carrier.GetManifestResourceNames().Where(name => name.EndsWith(".cu", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The text to compile: its constants, what all share, the header of the same name where there is one, and its own.</summary>
    /// <param name="constants">Lines of <c>#define NAME value</c>.</param>
    /// <param name="hopper">Whether the file uses the instructions of compute capability 9.0.</param>
    public static string Read(string file, string constants = "", bool hopper = false) => constants + Text(Shared) + (hopper ? Text(Hopper) : "") + Header(Path.ChangeExtension(file, ".cuh")) + Text(file);

    private static string Header(string name) => Carrier.GetManifestResourceInfo(name) is null ? "" : Text(name);

    private static string Text(string name)
    {
        using var stream = Carrier.GetManifestResourceStream(name) ?? throw new KernelException($"this build carries no {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
