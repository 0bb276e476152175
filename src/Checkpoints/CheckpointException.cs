namespace Locutor.Checkpoints;

/// <summary>Thrown when a checkpoint cannot be used. The message names the file, the key, the expected value and the value found.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException() { }

    public CheckpointException(string message) : base(message) { }

    public CheckpointException(string message, Exception inner) : base(message, inner) { }
}
