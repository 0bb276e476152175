namespace Locutor.Checkpoints;

/// <summary>A checkpoint that cannot be used; the message names file, key, what was expected and what was found.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException() { }

    public CheckpointException(string message) : base(message) { }

    public CheckpointException(string message, Exception inner) : base(message, inner) { }
}
