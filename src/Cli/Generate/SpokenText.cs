using System.CommandLine;
using System.Text;
using Locutor.Files;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.TextToSpeech;
using Locutor.TextToSpeech.Engines;

namespace Locutor.Cli.Generate;

/// <summary>The text of <c>locutor generate</c>: reads it from a file or standard input, and speaks it before the video is made.</summary>
internal static class SpokenText
{
    private const string Standard = "-";

    /// <summary>The voices of this machine, and of the server that the environment names.</summary>
    public static VoiceCatalogue Catalogue() =>
        VoiceCatalogue.FromThisMachine(SpeechServerOptions.FromEnvironment() is { } options ? new SpeechServer(options) : null);

    /// <summary>Reads the text file that a command line names; null if it names none.</summary>
    /// <exception cref="CommandException">The command line has a text too, or the file cannot be read.</exception>
    public static string? Read(ParseResult parsed, Option<string?> file)
    {
        if (parsed.GetValue(file) is not { } path) return null;
        return RequestOptions.Texts(parsed).Any(given => given.Field == VideoFields.Text)
            ? throw new CommandException(
                ExitCodes.Usage, $"{file.Name}: cannot be combined with {VideoFields.Text.Option}; expected one of them")
            : Read(path);
    }

    /// <summary>
    /// Reads a text file in UTF-8; <c>-</c> is standard input. A text that is too long is cut just above the limit; the check of the
    /// request then refuses it.
    /// </summary>
    /// <exception cref="CommandException">The file cannot be read.</exception>
    public static string Read(string path)
    {
        try
        {
            using var source = path == Standard ? Console.OpenStandardInput() : File.OpenRead(path);
            using var reader = new StreamReader(source, new UTF8Encoding(false, throwOnInvalidBytes: true));
            char[] text = new char[Script.LongestText + 1];
            return new string(text, 0, reader.ReadBlock(text));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.BadInput, $"--text-file {path}: {FileFault.Describe(failure)}", failure);
        }
        catch (DecoderFallbackException)
        {
            throw new CommandException(ExitCodes.BadInput, $"--text-file {path}: expected text in UTF-8");
        }
    }

    /// <summary>Speaks the script of a request.</summary>
    /// <param name="asked">A request with a script.</param>
    /// <param name="folder">An empty folder for the sounds.</param>
    /// <param name="cancellationToken">Cancels between two sentences.</param>
    /// <exception cref="SpeechException">The script cannot be spoken.</exception>
    public static async Task<Narration> SpeakAsync(ResolvedRequest asked, string folder, CancellationToken cancellationToken)
    {
        var narrator = new Narrator(Catalogue());
        var voices = await narrator.VoicesAsync(
            asked.Script!, asked.Request[VideoFields.Voice], asked.Request[VideoFields.Voice2], cancellationToken);
        return await narrator.SpeakAsync(asked.Script!, voices, folder, MediaLimits.Default.MaxSeconds, cancellationToken);
    }
}
