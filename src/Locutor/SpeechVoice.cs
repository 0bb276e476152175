using Locutor.TextToSpeech;
using Locutor.TextToSpeech.Engines;

namespace Locutor;

/// <summary>A voice that can speak a text, for <see cref="MediaInput.FromText"/>.</summary>
public sealed class SpeechVoice
{
    private SpeechVoice(string name, Voice voice) => (Name, Engine, Language, Title) = (name, voice.Engine, voice.Language, voice.Title);

    /// <summary>The name for <see cref="MediaInput.FromText"/>. A variant may follow a name of espeak-ng, as in <c>de+f3</c>.</summary>
    public string Name { get; }

    /// <summary>The program or server that speaks: <c>espeak-ng</c>, <c>flite</c> or <c>server</c>.</summary>
    public string Engine { get; }

    /// <summary>The language as a tag, such as <c>en-us</c>; empty if it is not known.</summary>
    public string Language { get; }

    /// <summary>A description for people.</summary>
    public string Title { get; }

    /// <summary>
    /// Lists the voices of this machine, the default voice first: those of a speech server (environment variable
    /// <c>LOCUTOR_SPEECH_URL</c>), of flite and of espeak-ng. An engine that does not answer is left out.
    /// </summary>
    /// <param name="cancellationToken">Cancels the search.</param>
    public static async Task<IReadOnlyList<SpeechVoice>> ListAsync(CancellationToken cancellationToken = default)
    {
        var voices = (await SpokenText.Catalogue().ListAsync(cancellationToken).ConfigureAwait(false)).Voices;
        var names = VoiceCatalogue.ShortestNames(voices);
        return [.. voices.Select((voice, i) => new SpeechVoice(names[i], voice))];
    }
}
