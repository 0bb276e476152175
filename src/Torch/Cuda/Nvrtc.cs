using System.Runtime.InteropServices;
using System.Text;

namespace Locutor.Torch.Cuda;

/// <summary>NVIDIA's run-time compiler, when the machine has it: CUDA C++ text becomes machine code of one architecture. Needs no GPU.</summary>
public sealed unsafe class Nvrtc
{
    /// <summary>Environment variable that names the library, where it is found neither by its name nor beside libtorch.</summary>
    public const string PathVariable = "LOCUTOR_NVRTC";

    private static readonly string[] Names = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];
    private readonly nint library;

    private Nvrtc(nint library)
    {
        this.library = library;
        int major, minor;
        Check(((delegate* unmanaged[Cdecl]<int*, int*, int>)At("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = $"{major}.{minor}";
        Architectures = ReadArchitectures();
    }

    public string Version { get; }

    /// <summary>What it compiles for, ascending: 75, 80, ...</summary>
    public IReadOnlyList<int> Architectures { get; }

    /// <summary>
    /// What to compile for: machine code where the GPU is used as what it is and the compiler knows it, else PTX of the nearest older architecture,
    /// which the driver compiles for the GPU.
    /// </summary>
    /// <param name="own">Of the GPU.</param>
    /// <param name="used">The GPU's own, or a forced one below it.</param>
    /// <returns>Such as <c>sm_90</c> for machine code, <c>compute_80</c> for PTX.</returns>
    /// <exception cref="KernelException">The GPU is older than anything that the compiler knows.</exception>
    public static string Target(IReadOnlyList<int> architectures, GpuCapability own, GpuCapability used)
    {
        if (own == used && architectures.Contains(own.Number)) return own.Architecture;
        int nearest = architectures.Where(known => known <= used.Number).DefaultIfEmpty().Max();
        return nearest > 0 ? $"compute_{nearest}" : throw new KernelException($"this NVRTC compiles for capability {architectures[0] / 10}.{architectures[0] % 10} and later, the GPU has {used}");
    }

    /// <summary>Null where there is none.</summary>
    /// <param name="torchFolder">Of a PyTorch installation, whose compiler lies in a folder beside its own.</param>
    public static Nvrtc? Find(string? torchFolder = null)
    {
        foreach (string name in Candidates(torchFolder))
            if (NativeLibrary.TryLoad(name, out nint library)) return new Nvrtc(library);
        return null;
    }

    /// <param name="source">CUDA C++ without headers.</param>
    /// <param name="architecture">Such as <c>sm_90</c>, or <c>compute_90</c> for PTX.</param>
    /// <returns>A cubin, or the text of PTX with its final zero.</returns>
    /// <exception cref="KernelException">It does not compile; the message holds the compiler's.</exception>
    public byte[] Compile(string source, string name, string architecture)
    {
        nint program;
        fixed (byte* text = Utf8(source), title = Utf8(name))
            Check(((delegate* unmanaged[Cdecl]<nint*, byte*, byte*, int, nint, nint, int>)At("nvrtcCreateProgram"))(&program, text, title, 0, 0, 0), "nvrtcCreateProgram");
        try
        {
            fixed (byte* arch = Utf8($"--gpu-architecture={architecture}"), standard = Utf8("--std=c++14"))
            {
                byte** options = stackalloc byte*[] { arch, standard };
                int code = ((delegate* unmanaged[Cdecl]<nint, int, byte**, int>)At("nvrtcCompileProgram"))(program, 2, options);
                if (code != 0) throw new KernelException($"{name} does not compile for {architecture} with NVRTC {Version}: {Encoding.UTF8.GetString(Read(program, "ProgramLog")).TrimEnd('\0', '\n')}");
            }
            return Read(program, architecture.StartsWith("compute_", StringComparison.Ordinal) ? "PTX" : "CUBIN");
        }
        finally
        {
            ((delegate* unmanaged[Cdecl]<nint*, int>)At("nvrtcDestroyProgram"))(&program);
        }
    }

    private int[] ReadArchitectures()
    {
        int count;
        Check(((delegate* unmanaged[Cdecl]<int*, int>)At("nvrtcGetNumSupportedArchs"))(&count), "nvrtcGetNumSupportedArchs");
        int[] found = new int[count];
        fixed (int* first = found) Check(((delegate* unmanaged[Cdecl]<int*, int>)At("nvrtcGetSupportedArchs"))(first), "nvrtcGetSupportedArchs");
        return [.. found.Order()];
    }

    private byte[] Read(nint program, string what)
    {
        nuint size;
        Check(((delegate* unmanaged[Cdecl]<nint, nuint*, int>)At($"nvrtcGet{what}Size"))(program, &size), what);
        byte[] bytes = new byte[size];
        fixed (byte* first = bytes) Check(((delegate* unmanaged[Cdecl]<nint, byte*, int>)At($"nvrtcGet{what}"))(program, first), what);
        return bytes;
    }

    private nint At(string function) => NativeLibrary.GetExport(library, function);

    private static byte[] Utf8(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static IEnumerable<string> Candidates(string? torchFolder)
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } named)
        {
            yield return named;
            yield break;
        }
        foreach (string name in Names) yield return name;
        if (torchFolder is null) yield break;
        foreach (string folder in new[] { torchFolder, Path.GetFullPath(Path.Combine(torchFolder, "..", "..", "nvidia")) }.Where(Directory.Exists))
            foreach (string file in Directory.EnumerateFiles(folder, "libnvrtc.so*", SearchOption.AllDirectories).Where(file => !file.Contains(".alt.", StringComparison.Ordinal)).OrderDescending())
                yield return file;
    }

    private static void Check(int code, string call)
    {
        if (code != 0) throw new KernelException($"{call}: NVRTC says {code}");
    }
}
