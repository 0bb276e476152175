namespace Locutor.TextToSpeech.Engines;

/// <summary>Something that turns text into sound: a program on this machine or a server.</summary>
public interface ISpeechEngine
{
    /// <summary>Its name in the full names of voices, such as espeak-ng.</summary>
    string Name { get; }

    /// <summary>IPTC digital source type of its sound, see https://cv.iptc.org/newscodes/digitalsourcetype/.</summary>
    string SourceType { get; }

    /// <summary>Largest number of columns that it speaks at once; null if it speaks sentence by sentence.</summary>
    int? LongestPassage { get; }

    /// <summary>Lists its voices. The first is used if a request names none.</summary>
    /// <exception cref="SpeechException">The engine does not answer.</exception>
    Task<IReadOnlyList<Voice>> VoicesAsync(CancellationToken cancellationToken);

    /// <summary>Returns its voice of a name; null if it has none.</summary>
    /// <exception cref="SpeechException">The engine does not answer.</exception>
    Task<Voice?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns a voice for the second person of a dialogue that is told apart from the first.</summary>
    /// <exception cref="SpeechException">The engine does not answer.</exception>
    Task<Voice> OtherAsync(Voice voice, CancellationToken cancellationToken);

    /// <summary>
    /// Speaks passages of plain text, each when it is asked for; nothing in them is read as markup or as an option.
    /// </summary>
    /// <exception cref="SpeechException">The engine failed, or took too long.</exception>
    IAsyncEnumerable<Speech> SpeakAsync(IReadOnlyList<string> passages, Voice voice, CancellationToken cancellationToken);
}
