using Locutor.Jobs.Records;

namespace Locutor.Service.Inputs;

/// <summary>An input cannot be used. The message is for the user and names the expected and the found value.</summary>
public sealed class InputException(string code, string message, bool retryable, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The error code: one of the constants of <see cref="JobError"/>.</summary>
    public string Code { get; } = code;

    public bool Retryable { get; } = retryable;

    public JobError ToError() => new(Code, Message, Retryable);
}
