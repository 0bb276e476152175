using System.Runtime.InteropServices;
using System.Text;

namespace Locutor.Torch.Cuda;

/// <summary>NVRTC, the run-time compiler of CUDA: it compiles CUDA C++ to machine code of one architecture, and needs no GPU.</summary>
public sealed unsafe class Nvrtc
{
    /// <summary>
    /// Environment variable of <see cref="TorchOptions.Nvrtc"/>, for a library that is found neither by its name nor near libtorch.
    /// </summary>
    public const string PathVariable = "LOCUTOR_NVRTC";

    private static readonly string[] Names = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];
    private static readonly Lazy<Nvrtc?> Found = new(() => Find(TorchOptions.Current));
    private readonly nint library;

    private Nvrtc(nint library)
    {
        this.library = library;
        int major, minor;
        Check(((delegate* unmanaged[Cdecl]<int*, int*, int>)At("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = $"{major}.{minor}";
        Architectures = ReadArchitectures();
    }

    /// <summary>The compiler that this process uses; null if there is none.</summary>
    public static Nvrtc? Current => Found.Value;

    /// <summary>Version of the compiler that this process uses, for reports.</summary>
    public static string CurrentVersion => Current is { } compiler ? $"NVRTC {compiler.Version}" : "no NVRTC";

    /// <summary>Version of the compiler, for example <c>12.8</c>.</summary>
    public string Version { get; }

    /// <summary>Architectures that the compiler supports, ascending: 75, 80, ...</summary>
    public IReadOnlyList<int> Architectures { get; }

    /// <summary>
    /// Chooses the target: machine code if the GPU uses its own capability and the compiler supports it, else PTX of the nearest older
    /// architecture, which the driver compiles for the GPU.
    /// </summary>
    /// <param name="architectures">Architectures that the compiler supports.</param>
    /// <param name="own">Capability of the GPU.</param>
    /// <param name="used">Capability to use: the GPU's own, or a lower one.</param>
    /// <returns>For example <c>sm_90</c> for machine code, <c>compute_80</c> for PTX.</returns>
    /// <exception cref="KernelException">The GPU is older than every architecture of the compiler.</exception>
    public static string Target(IReadOnlyList<int> architectures, GpuCapability own, GpuCapability used)
    {
        if (own == used && architectures.Contains(own.Number)) return own.Architecture;
        int nearest = architectures.Where(known => known <= used.Number).DefaultIfEmpty().Max();
        return nearest > 0
            ? $"compute_{nearest}"
            : throw new KernelException(
                $"this NVRTC compiles for capability {architectures[0] / 10}.{architectures[0] % 10} and later, the GPU has {used}");
    }

    /// <summary>Finds and loads the compiler; returns null if there is none.</summary>
    /// <param name="options">Path of the compiler, or of a PyTorch installation that contains one.</param>
    public static Nvrtc? Find(TorchOptions options)
    {
        foreach (string name in Candidates(options))
            if (NativeLibrary.TryLoad(name, out nint library)) return new Nvrtc(library);
        return null;
    }

    /// <summary>Compiles a source text.</summary>
    /// <param name="source">CUDA C++ without headers.</param>
    /// <param name="name">Name in messages.</param>
    /// <param name="architecture">For example <c>sm_90</c>, or <c>compute_90</c> for PTX.</param>
    /// <returns>A cubin, or PTX text with a final zero.</returns>
    /// <exception cref="KernelException">The text does not compile; the message contains that of the compiler.</exception>
    public byte[] Compile(string source, string name, string architecture)
    {
        nint program;
        fixed (byte* text = Utf8(source), title = Utf8(name))
        {
            Check(
                ((delegate* unmanaged[Cdecl]<nint*, byte*, byte*, int, nint, nint, int>)At("nvrtcCreateProgram"))
                    (&program, text, title, 0, 0, 0),
                "nvrtcCreateProgram");
        }

        try
        {
            fixed (byte* arch = Utf8($"--gpu-architecture={architecture}"), standard = Utf8("--std=c++14"))
            {
                byte** options = stackalloc byte*[] { arch, standard };
                int code = ((delegate* unmanaged[Cdecl]<nint, int, byte**, int>)At("nvrtcCompileProgram"))(program, 2, options);
                if (code != 0)
                {
                    string log = Encoding.UTF8.GetString(Read(program, "ProgramLog")).TrimEnd('\0', '\n');
                    throw new KernelException($"{name} does not compile for {architecture} with NVRTC {Version}: {log}");
                }
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
        fixed (int* first = found)
            Check(((delegate* unmanaged[Cdecl]<int*, int>)At("nvrtcGetSupportedArchs"))(first), "nvrtcGetSupportedArchs");
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

    private static IEnumerable<string> Candidates(TorchOptions options)
    {
        if (options.Nvrtc is { } named)
        {
            yield return named;
            yield break;
        }
        foreach (string name in Names) yield return name;
        string torchFolder = options.Folder ?? AppContext.BaseDirectory;
        foreach (string folder in
                new[] { torchFolder, Path.GetFullPath(Path.Combine(torchFolder, "..", "..", "nvidia")) }.Where(Directory.Exists))
        {
            foreach (string file in FilesIn(folder)) yield return file;
        }
    }

    /// <summary>
    /// Finds the compiler in a folder of libtorch. Its name can have a hash there, for example <c>libnvrtc-b51b459d.so.12</c>. The library
    /// "builtins" is only a part of it, and the variant "alt" is left out.
    /// </summary>
    internal static IEnumerable<string> FilesIn(string folder) =>
        Directory.EnumerateFiles(folder, "libnvrtc*.so*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("builtins", StringComparison.Ordinal) && !file.Contains(".alt.", StringComparison.Ordinal))
            .OrderDescending();

    private static void Check(int code, string call)
    {
        if (code != 0) throw new KernelException($"{call}: NVRTC returned error {code}");
    }
}
