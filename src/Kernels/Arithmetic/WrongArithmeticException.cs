namespace Locutor.Kernels.Arithmetic;

/// <summary>This machine computes an operation wrongly on every path.</summary>
public sealed class WrongArithmeticException(string message) : Exception(message);
