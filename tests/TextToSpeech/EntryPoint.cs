namespace Locutor.TextToSpeech.Tests;

/// <summary>Runs the tests, or a server that speaks OpenAI's interface for speech.</summary>
public static class EntryPoint
{
    public static async Task<int> Main(string[] args) => args is [SpeechServerProcess.Argument]
        ? await SpeechServerProcess.RunAsync()
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
