namespace Locutor.Kernels;

/// <summary>Number format of the products of self attention.</summary>
public enum AttentionPrecision
{
    /// <summary>8 bits if the linear layers have 8 bits and the device has the kernel, else the type of the network.</summary>
    Automatic,

    /// <summary>The type of the network.</summary>
    Exact,

    /// <summary>
    /// 8 bits on every device. Without the kernel, libtorch computes the same arithmetic slowly, so that its accuracy can be measured.
    /// </summary>
    EightBit,
}
