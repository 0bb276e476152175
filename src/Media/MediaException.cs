namespace Locutor.Media;

/// <summary>A picture, sound or video that cannot be used or made. The message is one line and names the file.</summary>
/// <remarks>The stable word of <see cref="Code"/> is one of <see cref="MediaErrorCodes"/>; users' scripts may rely on it.</remarks>
public sealed class MediaException : Exception
{
    public MediaException() : this(MediaErrorCodes.Internal, "media error") { }

    public MediaException(string message) : this(MediaErrorCodes.Internal, message) { }

    public MediaException(string message, Exception inner) : this(MediaErrorCodes.Internal, message, inner) { }

    public MediaException(string code, string message, Exception? inner = null) : base(OneLine.Of(message), inner) => Code = code;

    public string Code { get; } = MediaErrorCodes.Internal;
}
