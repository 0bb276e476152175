namespace Locutor;

/// <summary>The reason why a model was not loaded or a video was not made.</summary>
public enum LocutorError
{
    /// <summary>
    /// A value of the request or of the options is not allowed, or there is no model of that name; <see cref="LocutorException.Errors"/>
    /// lists each.
    /// </summary>
    InvalidRequest,

    /// <summary>A picture, video or voice cannot be read, is damaged, too large, too long or too short.</summary>
    InvalidInput,

    /// <summary>
    /// The video cannot be written: its folder does not exist or is not writable, its format is not supported, or the disk is full.
    /// </summary>
    OutputFailed,

    /// <summary>Files of the model are not on disk, are damaged, or could not be fetched.</summary>
    ModelUnavailable,

    /// <summary>
    /// Something that the library needs is missing on this machine: ffmpeg, libtorch, the requested GPU, or an engine that speaks texts.
    /// </summary>
    MissingDependency,

    /// <summary>The GPU or the machine has too little memory.</summary>
    OutOfMemory,

    /// <summary>The networks computed a video that cannot be right: a result is not finite, or all frames have a single colour.</summary>
    WrongResult,
}

/// <summary>
/// Thrown when a model cannot be loaded or a video cannot be made. The message says what was expected, what was found, and what to do.
/// </summary>
public sealed class LocutorException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">The reason.</param>
    /// <param name="message">One or two sentences for people.</param>
    /// <param name="inner">The exception that caused it.</param>
    public LocutorException(LocutorError error, string message, Exception? inner = null) : base(message, inner) => Error = error;

    /// <summary>The reason, for programs.</summary>
    public LocutorError Error { get; }

    /// <summary>
    /// For <see cref="LocutorError.InvalidRequest"/>, the reasons by the name of each invalid property, such as <c>TextGuidance</c>;
    /// otherwise empty.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
