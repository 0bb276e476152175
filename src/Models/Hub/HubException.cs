namespace Locutor.Models.Hub;

/// <summary>Thrown when the hub refuses a request or does not answer; the message explains the cause.</summary>
public sealed class HubException : Exception
{
    public HubException() { }

    public HubException(string message) : base(message) { }

    public HubException(string message, Exception inner) : base(message, inner) { }

    /// <summary>True if the same request may succeed later.</summary>
    public bool Passing { get; init; }

    /// <summary>Time that the server asked to wait; null if it did not ask.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
