namespace Locutor.Kernels;

/// <summary>Which numbers self attention multiplies.</summary>
public enum AttentionPrecision
{
    /// <summary>8 bits where the linear layers have 8 bits and the device has the kernel; else the type of the network's arithmetic.</summary>
    Automatic,

    /// <summary>The type of the network's arithmetic.</summary>
    Exact,

    /// <summary>8 bits on every device. Without the kernel the plain path computes the same numbers slowly, so that their accuracy can be measured.</summary>
    EightBit,
}
