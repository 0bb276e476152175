namespace Locutor.Kernels.Arithmetic;

/// <summary>This machine computes an operation wrongly on every path; no network can run.</summary>
public sealed class WrongArithmeticException(string message) : Exception(message);
