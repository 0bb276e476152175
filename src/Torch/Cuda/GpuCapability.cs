using System.Collections.Concurrent;
using System.Globalization;
using static TorchSharp.torch;

namespace Locutor.Torch.Cuda;

/// <summary>
/// The compute capability of a GPU and the features that NVIDIA documents for it. No other type uses these numbers. A documented feature is
/// tested before it is used; layers depend on the result of that test, never on the capability.
/// </summary>
/// <param name="Major">First number, for example 9 of capability 9.0.</param>
/// <param name="Minor">Second number, one digit.</param>
public sealed record GpuCapability(int Major, int Minor)
{
    /// <summary>
    /// Environment variable of <see cref="TorchOptions.Capability"/>: the GPU is used as an older one, for example <c>8.0</c>, so that one
    /// GPU can try every path.
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

    /// <summary>Whether the fused kernels compile: they use instructions of capability 7.5, the oldest that NVRTC 13 supports.</summary>
    public bool FusedKernels => AtLeast(7, 5);

    /// <summary>Whether the kernel of 8-bit attention runs.</summary>
    public bool EightBitAttention => WarpgroupProducts;

    /// <summary>Whether the kernel of convolutions runs.</summary>
    public bool FrameConvolution => WarpgroupProducts;

    /// <summary>Whether the instruction <c>wgmma</c> (warpgroup products) exists: only capability 9.0 has it.</summary>
    private bool WarpgroupProducts => Number == 90;

    /// <summary>Name of the architecture for compilers, for example <c>sm_90</c>.</summary>
    public string Architecture => $"sm_{Number}";

    /// <summary>Capability as one number, for example 75, 90 or 120.</summary>
    public int Number => Major * 10 + Minor;

    /// <summary>Returns the capability to use for a GPU: its own, or the one that the user chose.</summary>
    /// <exception cref="GpuCapabilityException">The chosen capability is invalid, or higher than the GPU's own.</exception>
    public static GpuCapability Read(Device gpu) => Found.GetOrAdd(Math.Max(0, gpu.index), static index =>
    {
        var own = CudaDriver.Capability(index);
        return Forced() is not { } forced ? own : forced.Number <= own.Number ? forced : throw Refused(forced.ToString(), own);
    });

    /// <summary>Returns the capability that the user chose; null if none was chosen.</summary>
    /// <exception cref="GpuCapabilityException">It is invalid.</exception>
    public static GpuCapability? Forced() => TorchOptions.Current.Capability is { } text ? Parse(text) : null;

    /// <summary>Parses a capability.</summary>
    /// <param name="text">For example 8.0.</param>
    /// <exception cref="GpuCapabilityException">The text has another form, or the number is out of range.</exception>
    public static GpuCapability Parse(string text)
    {
        string[] parts = text.Split('.');
        bool read = parts.Length == 2 && parts.All(part => part.Length is 1 or 2 && part.All(char.IsAsciiDigit)) && parts[1].Length == 1;
        var found = read
            ? new GpuCapability(int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture))
            : null;
        return found is not null && found.Number >= Oldest.Number && found.Number <= Newest.Number ? found : throw Refused(text, Newest);
    }

    public override string ToString() => $"{Major}.{Minor}";

    private bool AtLeast(int major, int minor) => Number >= major * 10 + minor;

    private static GpuCapabilityException Refused(string text, GpuCapability most) => new(
        $"{Variable}={text}: expected a compute capability from {Oldest} to {(most == Newest ? "" : "the GPU's own, ")}{most}, such " +
        "as 8.0");
}

/// <summary>A compute capability cannot be used; the message names the possible ones.</summary>
public sealed class GpuCapabilityException : Exception
{
    public GpuCapabilityException() { }

    public GpuCapabilityException(string message) : base(message) { }

    public GpuCapabilityException(string message, Exception inner) : base(message, inner) { }
}
