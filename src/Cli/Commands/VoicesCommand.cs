using System.CommandLine;
using System.Text.Json;
using Locutor.Cli.Generate;
using Locutor.TextToSpeech;
using Locutor.TextToSpeech.Engines;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor voices</c>: it lists the voices that can speak a text.</summary>
internal static class VoicesCommand
{
    private static readonly Option<string?> Language = new("--language")
    {
        Description = "List only voices whose language begins with this text, such as de or en-gb.",
        HelpName = "TAG",
    };
    private static readonly Option<bool> Json = new("--json") { Description = "Print JSON, one object per line." };

    public static Command Create()
    {
        var command = new Command("voices", "List the voices that can speak a text.") { Language, Json };
        command.SetAction((parsed, cancellationToken) => ListAsync(parsed.GetValue(Language), parsed.GetValue(Json), cancellationToken));
        return command;
    }

    private static async Task<int> ListAsync(string? language, bool json, CancellationToken cancellationToken)
    {
        var (voices, faults) = await SpokenText.Catalogue().ListAsync(cancellationToken);
        var names = VoiceCatalogue.ShortestNames(voices);
        bool Fits(Voice voice) => language is null || voice.Language.StartsWith(language, StringComparison.OrdinalIgnoreCase);
        if (voices.Count > 0 && !voices.Any(Fits))
            throw new CommandException(ExitCodes.Usage, $"--language: no voice here has a language that begins with '{language}'");
        for (int i = 0; i < voices.Count; i++)
        {
            var voice = voices[i];
            if (!Fits(voice)) continue;
            Console.WriteLine(json
                ? JsonSerializer.Serialize(new { Name = names[i], voice.Engine, voice.Language, voice.Title }, JsonSerializerOptions.Web)
                : $"{names[i],-24} {voice.Engine,-10} {voice.Language,-16} {voice.Title}{(i == 0 ? " (default)" : "")}");
        }
        foreach (string fault in faults) await Console.Error.WriteLineAsync("locutor: " + fault);
        if (!json && voices.Any(voice => voice.Engine == "espeak-ng"))
        {
            await Console.Error.WriteLineAsync(
                "A voice of espeak-ng takes a variant: en-us+f3 is a woman's voice, en-us+m3 another man's (f1 to f5, m1 to m8).");
        }
        return voices.Count > 0 ? ExitCodes.Success : ExitCodes.Missing;
    }
}
