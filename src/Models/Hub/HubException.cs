namespace Locutor.Models.Hub;

/// <summary>The hub's answer, or the lack of one, in words.</summary>
public sealed class HubException : Exception
{
    public HubException() { }

    public HubException(string message) : base(message) { }

    public HubException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool Passing { get; init; }

    /// <summary>How long the server asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
