using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.TextToSpeech.Tests;

/// <summary>
/// Runs the tests, a server with OpenAI's API for speech, or the hidden command that gets the times of words from espeak-ng.
/// </summary>
public static class EntryPoint
{
    public static async Task<int> Main(string[] args) => EspeakProcess.TryRun(args) is { } code
        ? code
        : args is [SpeechServerProcess.Argument]
        ? await SpeechServerProcess.RunAsync()
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
