using Locutor.Torch;
using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Kernels.Compilation;

/// <summary>
/// An operation on given tensors that one kernel computes, and that libtorch computes in several steps. Both results are equal up to
/// rounding. The intermediate tensors of both are freed by <see cref="FusedOperation"/>.
/// </summary>
/// <typeparam name="TResult">A tensor, or a group of tensors.</typeparam>
internal interface IFusedOperation<out TResult>
{
    /// <summary>Whether the kernel supports these tensors on their device.</summary>
    bool CanLaunch { get; }

    /// <summary>Computes the operation with the kernel. Call it only if <see cref="CanLaunch"/> is true.</summary>
    TResult Launch();

    /// <summary>Computes the operation with libtorch.</summary>
    TResult Plain();
}

/// <summary>Runs fused operations.</summary>
internal static class FusedOperation
{
    /// <summary>Computes an operation with its kernel if possible, else with libtorch.</summary>
    public static Tensor Run(this IFusedOperation<Tensor> operation) =>
        Scoped(() => operation.CanLaunch ? operation.Launch() : operation.Plain());

    /// <inheritdoc cref="Run(IFusedOperation{Tensor})"/>
    public static T Run<T>(this IFusedOperation<T> operation)
        where T : ITensorGroup => Scoped(() => operation.CanLaunch ? operation.Launch() : operation.Plain());
}
