using System.CommandLine;
using System.CommandLine.Help;

namespace Locutor.Cli.Commands;

/// <summary>The text that the program prints if no command is given.</summary>
internal static class Introduction
{
    private const string Text = """
        Locutor makes a portrait speak: a picture and a voice, or a text, become a video.

          locutor generate -i portrait.png -a voice.mp3 -o video.mp4
          locutor generate -i portrait.png --text "Hello! I say what you type." -o video.mp4
          locutor serve           a page for the browser, and an HTTP API
          locutor doctor          is this machine ready, and what to do if not
          locutor models list     the models, and which one to take

        The model in the box needs no GPU. It knows painted portraits; for photographs fetch a larger model.
        'locutor --help' lists all commands, 'locutor generate --help' explains every setting of a video.
        """;

    /// <summary>Makes the program print its introduction when no command is given.</summary>
    public static void AddTo(RootCommand root) => root.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(Text));

    /// <summary>Makes a command that only groups others print its help.</summary>
    public static Command WithHelp(this Command group)
    {
        group.SetAction(parsed => new HelpAction().Invoke(parsed));
        return group;
    }
}
