namespace Locutor.TextToSpeech.Engines;

/// <summary>A voice that can speak a text.</summary>
/// <param name="Engine">Name of its engine, such as espeak-ng.</param>
/// <param name="Name">Its name within the engine.</param>
/// <param name="Language">Its language as a tag, such as en-us; empty if it is not known.</param>
/// <param name="Title">A description for people.</param>
public sealed record Voice(string Engine, string Name, string Language, string Title)
{
    /// <summary>The name that is unique among all engines.</summary>
    public string FullName => $"{Engine}:{Name}";
}
