using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Locutor.Kernels.Arithmetic;

/// <summary>A kind of operation that is tested before it is used, because its result depends on the device.</summary>
/// <param name="Name">For example <c>convolution</c>, <c>linear</c>, <c>attention</c>.</param>
/// <param name="Type">Type in which it computes, for example <c>bfloat16</c> or <c>float8</c>.</param>
/// <param name="Detail">Sizes and options that can select another routine in the library; may be empty.</param>
public sealed record OperationKind(string Name, string Type, string Detail = "")
{
    public override string ToString() => Detail.Length == 0 ? $"{Type} {Name}" : $"{Type} {Name} {Detail}";
}

/// <summary>One way to compute an operation.</summary>
/// <param name="Name">Name in reports and in the cache, for example <c>oneDNN</c> or <c>matrix product</c>.</param>
/// <param name="Run">Computes all results from the inputs of the check. It throws if the device refuses this path.</param>
public sealed record OperationPath(string Name, Func<Tensor[], Tensor[]> Run)
{
    /// <summary>Whether the path is tried only if all others are wrong, because it affects the operations of other threads.</summary>
    public bool IsLastResort { get; init; }
}

/// <summary>The test of an operation. Each part runs in its own dispose scope.</summary>
/// <param name="Tolerance">Largest relative L2 error of a correct result.</param>
/// <param name="Inputs">Creates small random inputs from a fixed seed.</param>
/// <param name="Reference">Computes the definition of the operation in float64 from these inputs.</param>
/// <param name="Paths">The usual path, then others, roughly by speed. If the usual path is wrong, the fastest correct one is used.</param>
public sealed record OperationCheck(
    double Tolerance, Func<Tensor[]> Inputs, Func<Tensor[], Tensor[]> Reference, IReadOnlyList<OperationPath> Paths)
{
    /// <summary>Creates larger inputs for timing; null uses <see cref="Inputs"/>.</summary>
    public Func<Tensor[]>? TimedInputs { get; init; }
}

/// <summary>Result of a check.</summary>
/// <param name="Kind">Kind of operation.</param>
/// <param name="Path">Name of the path to use; null if all paths are wrong.</param>
/// <param name="Error">Relative L2 error of that path (of the usual path if all are wrong); NaN if a result is not finite.</param>
/// <param name="Usual">Name of the usual path.</param>
/// <param name="Reason">Reason against the usual path: its error, or the refusal of the device. Null if the usual path is used.</param>
public sealed record CheckResult(OperationKind Kind, string? Path, double Error, string Usual, string? Reason = null)
{
    /// <summary>Whether another path than the usual one is used.</summary>
    [JsonIgnore]
    public bool IsChanged => Path is not null && Path != Usual;
}
