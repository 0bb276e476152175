using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.TextToSpeech.Tests;

/// <summary>
/// Runs the tests, a server that speaks OpenAI's interface for speech, or the hidden verb that asks espeak-ng for the times of words.
/// </summary>
public static class EntryPoint
{
    public static async Task<int> Main(string[] args) => EspeakProcess.TryRun(args) is { } code
        ? code
        : args is [SpeechServerProcess.Argument]
        ? await SpeechServerProcess.RunAsync()
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
