using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Locutor.Kernels.Arithmetic;

/// <summary>A kind of operation whose result depends on the device, and is therefore tested before it is trusted.</summary>
/// <param name="Name">For example <c>convolution</c>, <c>linear</c>, <c>attention</c>.</param>
/// <param name="Type">Type of the arithmetic, for example <c>bfloat16</c> or <c>float8</c>.</param>
/// <param name="Detail">Sizes and options that can select another routine in the library; empty where nothing else matters.</param>
public sealed record OperationKind(string Name, string Type, string Detail = "")
{
    public override string ToString() => Detail.Length == 0 ? $"{Type} {Name}" : $"{Type} {Name} {Detail}";
}

/// <summary>One way to compute an operation.</summary>
/// <param name="Name">Appears in reports and in the cache file, for example <c>oneDNN</c> or <c>matrix product</c>.</param>
/// <param name="Run">Computes all results from the check's inputs. An exception means that the device refuses this path.</param>
public sealed record OperationPath(string Name, Func<Tensor[], Tensor[]> Run)
{
    /// <summary>Tried only where no other path is right, because it changes what other threads compute.</summary>
    public bool IsLastResort { get; init; }
}

/// <summary>How an operation is tested. Everything runs in a dispose scope of its own.</summary>
/// <param name="Tolerance">Largest relative L2 distance to the reference of a right result.</param>
/// <param name="Inputs">Small random inputs from a fixed seed, in the types in which the operation takes them.</param>
/// <param name="Reference">The exact definition of the operation, in float64, from the same inputs.</param>
/// <param name="Paths">The usual path first. The others, those that are known to be fast before the rest, are tried when it is wrong; the fastest right one is taken.</param>
public sealed record OperationCheck(double Tolerance, Func<Tensor[]> Inputs, Func<Tensor[], Tensor[]> Reference, IReadOnlyList<OperationPath> Paths)
{
    /// <summary>Larger inputs on which right paths are timed; null times them on <see cref="Inputs"/>.</summary>
    public Func<Tensor[]>? TimedInputs { get; init; }
}

/// <summary>Outcome of a check.</summary>
/// <param name="Kind">What was checked.</param>
/// <param name="Path">Name of the path to take; null when no path is right.</param>
/// <param name="Error">Relative L2 distance of that path (of the usual one when no path is right) to float64; NaN when results are not finite.</param>
/// <param name="Usual">Name of the usual path.</param>
/// <param name="Reason">Why the usual path is not taken: its error, or the device's refusal. Null when it is taken.</param>
public sealed record CheckResult(OperationKind Kind, string? Path, double Error, string Usual, string? Reason = null)
{
    /// <summary>Whether another path than the usual one is taken.</summary>
    [JsonIgnore]
    public bool IsChanged => Path is not null && Path != Usual;
}
