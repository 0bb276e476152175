using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.TextToSpeech;
using Locutor.TextToSpeech.Engines;

namespace Locutor;

/// <summary>A text that is spoken instead of a recorded voice.</summary>
internal sealed record SpokenText(Script Script, string? Voice, string? SecondVoice)
{
    /// <summary>Returns the engines of this machine and the speech server that the environment names.</summary>
    public static VoiceCatalogue Catalogue() =>
        VoiceCatalogue.FromThisMachine(SpeechServerOptions.FromEnvironment() is { } options ? new SpeechServer(options) : null);

    /// <summary>Speaks the text into files.</summary>
    /// <param name="folder">An empty folder; the caller deletes it.</param>
    /// <param name="cancellationToken">Cancels between two sentences.</param>
    /// <exception cref="RequestException">There is no such voice, or it cannot speak this text.</exception>
    /// <exception cref="SpeechException">There is no engine, or it failed.</exception>
    public async Task<Narration> SpeakAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            var narrator = new Narrator(Catalogue());
            var voices = await narrator.VoicesAsync(Script, Voice, SecondVoice, cancellationToken).ConfigureAwait(false);
            return await narrator.SpeakAsync(Script, voices, folder, MediaLimits.Default.MaxSeconds, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (SpeechException wrong) when (wrong.Fault is SpeechFault.Voice or SpeechFault.Text)
        {
            throw new RequestException(VideoFields.Audio.Name, wrong.Message);
        }
    }
}
