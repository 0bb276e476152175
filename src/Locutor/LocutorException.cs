namespace Locutor;

/// <summary>Why a model was not loaded or a video was not made.</summary>
public enum LocutorError
{
    /// <summary>
    /// A value of the request or of the options is not allowed, or there is no model of that name; <see cref="LocutorException.Errors"/>
    /// lists each.
    /// </summary>
    InvalidRequest,

    /// <summary>A picture, video or voice cannot be read, is damaged, too large or too short.</summary>
    InvalidInput,

    /// <summary>The video cannot be written: its folder, its rights, its format, or a full disk.</summary>
    OutputFailed,

    /// <summary>Files of the model are not on disk or damaged, or they could not be fetched.</summary>
    ModelUnavailable,

    /// <summary>
    /// Something that this machine must have is missing: ffmpeg, libtorch, the GPU that was asked for, or an engine that speaks texts.
    /// </summary>
    MissingDependency,

    /// <summary>The memory of the GPU or of the machine does not suffice.</summary>
    OutOfMemory,

    /// <summary>The networks computed a video that cannot be right, such as numbers that are not finite.</summary>
    WrongResult,
}

/// <summary>A model was not loaded or a video was not made. The message says what was expected, what was found, and what to do.</summary>
public sealed class LocutorException : Exception
{
    /// <summary>A failure with a reason and a message.</summary>
    /// <param name="error">The reason.</param>
    /// <param name="message">One or two sentences for people.</param>
    /// <param name="inner">The exception that caused it.</param>
    public LocutorException(LocutorError error, string message, Exception? inner = null) : base(message, inner) => Error = error;

    /// <summary>The reason, for programs.</summary>
    public LocutorError Error { get; }

    /// <summary>With <see cref="LocutorError.InvalidRequest"/>: every property that is wrong, with the reasons. Otherwise empty.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
