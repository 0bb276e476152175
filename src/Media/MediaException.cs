namespace Locutor.Media;

/// <summary>
/// Thrown when a picture, audio or video file cannot be read or written. The message is a single line that names the file.
/// </summary>
/// <remarks>The stable <see cref="Code"/> is one of <see cref="MediaErrorCodes"/>; users' scripts may rely on it.</remarks>
public sealed class MediaException : Exception
{
    public MediaException() : this(MediaErrorCodes.Internal, "media error") { }

    public MediaException(string message) : this(MediaErrorCodes.Internal, message) { }

    public MediaException(string message, Exception inner) : this(MediaErrorCodes.Internal, message, inner) { }

    public MediaException(string code, string message, Exception? inner = null) : base(OneLine.From(message), inner) => Code = code;

    public string Code { get; } = MediaErrorCodes.Internal;
}
