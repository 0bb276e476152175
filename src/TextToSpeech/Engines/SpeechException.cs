namespace Locutor.TextToSpeech.Engines;

/// <summary>The reason why a text was not spoken.</summary>
public enum SpeechFault
{
    /// <summary>There is no such voice, or no voice for this text.</summary>
    Voice,

    /// <summary>The voice cannot speak any word of the text.</summary>
    Text,

    /// <summary>The speech is longer than allowed.</summary>
    TooLong,

    /// <summary>This machine has no engine.</summary>
    NoEngine,

    /// <summary>The engine failed or did not answer in time; the same text may be spoken later.</summary>
    EngineFailed,
}

/// <summary>
/// Thrown when a text cannot be spoken. The message is one line: what was expected, what was found, and what to do.
/// </summary>
public sealed class SpeechException(SpeechFault fault, string message, Exception? inner = null)
    : Exception(message.ReplaceLineEndings(" "), inner)
{
    public SpeechFault Fault { get; } = fault;

    /// <summary>The field of a request that has the fault: text, voice or voice2.</summary>
    public string Field { get; init; } = fault == SpeechFault.Voice ? "voice" : "text";
}
