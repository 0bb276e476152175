namespace Locutor.TextToSpeech.Engines;

/// <summary>An engine that speaks text: a program on this machine or a server.</summary>
public interface ISpeechEngine
{
    /// <summary>Its name in the full names of voices, such as espeak-ng.</summary>
    string Name { get; }

    /// <summary>IPTC digital source type of its sound, see https://cv.iptc.org/newscodes/digitalsourcetype/.</summary>
    string SourceType { get; }

    /// <summary>Largest number of characters of a passage; null if each passage is one sentence.</summary>
    int? LongestPassage { get; }

    /// <summary>Lists its voices. The first is used if a request names none.</summary>
    /// <exception cref="SpeechException">The engine does not answer.</exception>
    Task<IReadOnlyList<Voice>> VoicesAsync(CancellationToken cancellationToken);

    /// <summary>Returns the voice of that name; null if the engine does not have it.</summary>
    /// <exception cref="SpeechException">The engine does not answer.</exception>
    Task<Voice?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns another voice, for the second person of a dialogue; the same voice if the engine has no other.</summary>
    /// <exception cref="SpeechException">The engine does not answer.</exception>
    Task<Voice> OtherAsync(Voice voice, CancellationToken cancellationToken);

    /// <summary>
    /// Speaks passages of plain text, each when the caller requests it. No part of them is interpreted as markup or as an option.
    /// </summary>
    /// <exception cref="SpeechException">The engine failed, or took too long.</exception>
    IAsyncEnumerable<Speech> SpeakAsync(IReadOnlyList<string> passages, Voice voice, CancellationToken cancellationToken);
}
