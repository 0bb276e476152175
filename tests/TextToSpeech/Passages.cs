using Locutor.Media.Sound;
using Locutor.TextToSpeech.Engines;

namespace Locutor.TextToSpeech.Tests;

/// <summary>Speaks one passage.</summary>
internal static class Passages
{
    public static async Task<Waveform> SpeakAsync(
        this ISpeechEngine engine, string passage, Voice voice, CancellationToken cancellationToken) =>
        (await engine.SpeakAsync([passage], voice, cancellationToken).SingleAsync(cancellationToken)).Sound;
}
