using Locutor.Files;
using Locutor.Torch.Cuda;

namespace Locutor.Torch;

/// <summary>
/// The user's options for libtorch, the kernels and the self test. A program reads them once, usually with <see cref="FromEnvironment"/>,
/// and passes them to <c>TorchLibraries.Load</c>. The kernels and networks do not read the environment.
/// </summary>
public sealed record TorchOptions
{
    /// <summary>Environment variable of <see cref="Folder"/>.</summary>
    public const string FolderVariable = "LOCUTOR_TORCH";

    /// <summary>Environment variable of libtorch: INFO, WARNING, ERROR or FATAL. Without it, only errors are printed.</summary>
    public const string LogVariable = "TORCH_CPP_LOG_LEVEL";

    /// <summary>Environment variable of <see cref="PlainKernels"/>: 1 switches the kernels off.</summary>
    public const string PlainKernelsVariable = "LOCUTOR_PLAIN_KERNELS";

    /// <summary>Environment variable of <see cref="Attention"/>.</summary>
    public const string AttentionVariable = "LOCUTOR_ATTENTION";

    /// <summary>Environment variable of <see cref="SelfTest"/>: 0 switches the test off.</summary>
    public const string SelfTestVariable = "LOCUTOR_SELF_TEST";

    /// <summary>Environment variable of <see cref="InjectedFault"/>.</summary>
    public const string InjectedFaultVariable = "LOCUTOR_INJECTED_FAULT";

    private static readonly AsyncLocal<TorchOptions?> Overridden = new();
    private static TorchOptions chosen = new();

    /// <summary>Options of the calling code: those of <see cref="Override"/>, else those that the program chose at its start.</summary>
    public static TorchOptions Current => Overridden.Value ?? chosen;

    /// <summary>Folder of libtorch, for example that of a PyTorch installation with CUDA; null uses the libtorch of the program.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether libtorch follows its own variable <see cref="LogVariable"/>; otherwise it prints errors only.</summary>
    public bool OwnLogLevel { get; init; }

    /// <summary>Path of NVRTC, the run-time compiler of CUDA; null searches for it.</summary>
    public string? Nvrtc { get; init; }

    /// <summary>Folder of compiled kernels and self test results.</summary>
    public string CacheFolder { get; init; } = Path.Combine(HomeFolder.Path, ".cache", "locutor");

    /// <summary>Whether every operation uses libtorch instead of the kernels of this library.</summary>
    public bool PlainKernels { get; init; }

    /// <summary>Precision of self attention: <c>auto</c>, <c>exact</c> or <c>8bit</c>.</summary>
    public string Attention { get; init; } = "auto";

    /// <summary>Whether operations are tested before a network uses them.</summary>
    public bool SelfTest { get; init; } = true;

    /// <summary>Compute capability to use instead of the GPU's own, for example <c>8.0</c>; it cannot be higher.</summary>
    public string? Capability { get; init; }

    /// <summary>Fault that tests inject: <c>convolution</c> or <c>convolution-gradients</c>.</summary>
    public string? InjectedFault { get; init; }

    /// <summary>Reads the options from environment variables.</summary>
    public static TorchOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>Reads the options from named values; an empty value counts as absent.</summary>
    /// <param name="read">Returns the value of a variable, or null.</param>
    public static TorchOptions From(Func<string, string?> read)
    {
        string? Text(string name) => read(name) is { Length: > 0 } value ? value : null;
        var options = new TorchOptions();
        return options with
        {
            Folder = Text(FolderVariable),
            OwnLogLevel = read(LogVariable) is not null,
            Nvrtc = Text(Cuda.Nvrtc.PathVariable),
            CacheFolder = Text("XDG_CACHE_HOME") is { } cache ? Path.Combine(cache, "locutor") : options.CacheFolder,
            PlainKernels = read(PlainKernelsVariable) is "1",
            Attention = Text(AttentionVariable) ?? options.Attention,
            SelfTest = read(SelfTestVariable) is not "0",
            Capability = Text(GpuCapability.Variable),
            InjectedFault = Text(InjectedFaultVariable),
        };
    }

    /// <summary>
    /// Replaces the options for the calling code and the tasks that it starts, until the result is disposed; for comparisons and tests.
    /// </summary>
    public static IDisposable Override(TorchOptions options)
    {
        var restore = new Restore(Overridden.Value);
        Overridden.Value = options;
        return restore;
    }

    /// <summary>
    /// Sets the options of the program. <c>TorchLibraries.Load</c> does it too; call it alone only to read options before libtorch is
    /// loaded.
    /// </summary>
    public static void Choose(TorchOptions options) => chosen = options;

    private sealed class Restore(TorchOptions? before) : IDisposable
    {
        public void Dispose() => Overridden.Value = before;
    }
}
