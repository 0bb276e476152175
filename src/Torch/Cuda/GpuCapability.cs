using System.Collections.Concurrent;
using System.Globalization;
using static TorchSharp.torch;

namespace Locutor.Torch.Cuda;

/// <summary>
/// The compute capability of a GPU and the features that NVIDIA documents for it. No other type knows such numbers. A feature that is
/// documented is tested before it is used; layers ask for the outcome of that test, never for the capability.
/// </summary>
/// <param name="Major">First number, for example 9 of capability 9.0.</param>
/// <param name="Minor">Second number, one digit.</param>
public sealed record GpuCapability(int Major, int Minor)
{
    /// <summary>
    /// Environment variable that has a GPU treated as an older one, such as <c>8.0</c>, so that every path can be tried on one card. It can be lower
    /// than the GPU's own capability, not higher.
    /// </summary>
    public const string Variable = "LOCUTOR_GPU_CAPABILITY";

    private static readonly GpuCapability Oldest = new(7, 5), Newest = new(12, 9);
    private static readonly ConcurrentDictionary<int, GpuCapability> Found = new();

    /// <summary>Whether tensor cores multiply bfloat16.</summary>
    public bool BFloat16 => AtLeast(8, 0);

    /// <summary>Whether tensor cores multiply float8 e4m3, and instructions convert to it.</summary>
    public bool Float8Products => AtLeast(8, 9);

    /// <summary>Whether tensor cores multiply int8.</summary>
    public bool Int8Products => AtLeast(7, 5);

    /// <summary>Whether cuDNN has its fused attention.</summary>
    public bool CudnnAttention => AtLeast(8, 0);

    /// <summary>Whether the fused kernels compile: they use instructions of this capability, and NVRTC 13 knows no older one.</summary>
    public bool FusedKernels => AtLeast(7, 5);

    /// <summary>Whether the kernel of 8-bit attention runs: it uses the warpgroup products, which no other generation has.</summary>
    public bool EightBitAttention => Number == 90;

    /// <summary>Name of the architecture as compilers know it, such as <c>sm_90</c>.</summary>
    public string Architecture => $"sm_{Number}";

    /// <summary>Such as 75, 90 or 120.</summary>
    public int Number => Major * 10 + Minor;

    /// <summary>The capability of a GPU, or the one that <see cref="Variable"/> names in its place.</summary>
    /// <exception cref="GpuCapabilityException">The variable holds something else, or more than the GPU has.</exception>
    public static GpuCapability Read(Device gpu) => Found.GetOrAdd(Math.Max(0, gpu.index), static index =>
    {
        var own = CudaDriver.Capability(index);
        return Forced() is not { } forced ? own : forced.Number <= own.Number ? forced : throw Refused(forced.ToString(), own);
    });

    /// <summary>What <see cref="Variable"/> holds; null where it is not set.</summary>
    /// <exception cref="GpuCapabilityException">It holds something else.</exception>
    public static GpuCapability? Forced() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? Parse(text) : null;

    /// <param name="text">Such as 8.0.</param>
    /// <exception cref="GpuCapabilityException">Not of that form, or out of range.</exception>
    public static GpuCapability Parse(string text)
    {
        string[] parts = text.Split('.');
        bool read = parts.Length == 2 && parts.All(part => part.Length is 1 or 2 && part.All(char.IsAsciiDigit)) && parts[1].Length == 1;
        var found = read ? new GpuCapability(int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture)) : null;
        return found is not null && found.Number >= Oldest.Number && found.Number <= Newest.Number ? found : throw Refused(text, Newest);
    }

    public override string ToString() => $"{Major}.{Minor}";

    private bool AtLeast(int major, int minor) => Number >= major * 10 + minor;

    private static GpuCapabilityException Refused(string text, GpuCapability most) => new(
        $"{Variable}={text}: expected a compute capability from {Oldest} to {(most == Newest ? "" : "the GPU's own, ")}{most}, such as 8.0");
}

/// <summary>A compute capability that cannot be used; the message says which can.</summary>
public sealed class GpuCapabilityException : Exception
{
    public GpuCapabilityException() { }

    public GpuCapabilityException(string message) : base(message) { }

    public GpuCapabilityException(string message, Exception inner) : base(message, inner) { }
}
