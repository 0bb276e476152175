using System.CommandLine;
using Locutor.Cli.Commands;
using Locutor.TextToSpeech.Engines.Espeak;

namespace Locutor.Cli;

/// <summary>The program <c>locutor</c>.</summary>
internal static class LocutorProgram
{
    /// <summary>Runs one command line.</summary>
    /// <param name="making">How <c>serve</c> and <c>worker</c> make videos.</param>
    /// <returns>The exit code, one of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, VideoMaking making)
    {
        if (EspeakProcess.TryRun(args) is { } code) return code;
        return await ProgramRunner.RunAsync(CreateRoot(making), args, readsDefaults: true);
    }

    /// <summary>Creates the command line with all commands.</summary>
    internal static RootCommand CreateRoot(VideoMaking making)
    {
        var root = new RootCommand("Locutor makes a portrait speak: a picture or a video and a voice become a video of that person.");
        Verbs.AddTo(root, making);
        return root;
    }
}
