using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Models.Store;

namespace Locutor.Cli.Generate;

/// <summary>
/// Prints the help of <c>locutor generate</c>: the options under headings, each with a description, its range and its default.
/// </summary>
internal sealed class GenerateHelp(IReadOnlyList<(string Heading, IReadOnlyList<Option> Options)> others) : SynchronousCommandLineAction
{
    private const int NameWidth = 30;
    private const int LeastWidth = 40;
    private const int LeastBeside = 80; // In a narrower terminal descriptions are below the names.
    private const int MostWidth = 120;

    private static readonly (FieldGroup Group, string Heading)[] Headings =
    [
        (FieldGroup.Inputs, "Inputs (paths or http(s) addresses)"),
        (FieldGroup.Speech, "Text to speech"),
        (FieldGroup.Voices, "Two voices"),
        (FieldGroup.Words, "Content of the video"),
        (FieldGroup.Model, "Model"),
        (FieldGroup.Sampling, "Quality and speed"),
        (FieldGroup.Speed, "Faster"),
        (FieldGroup.Output, "Output file"),
    ];

    public override int Invoke(ParseResult parseResult)
    {
        int width = Console.IsOutputRedirected ? MostWidth : Math.Clamp(Terminal.Width, LeastWidth, MostWidth);
        var form = RequestOptions.Read(parseResult);
        var bundle = ModelFinder.Find((string?)form.Value(VideoFields.Model)).Bundle;
        Write(
            parseResult.InvocationConfiguration.Output, width,
            FieldContext.From(bundle, (string?)form.Value(VideoFields.Preset), (string?)form.Value(VideoFields.Size)));
        return ExitCodes.Success;
    }

    private void Write(TextWriter output, int width, FieldContext context)
    {
        output.WriteLine("""
            Make a video of the person in a picture speaking a sound file or a text.

            Usage:
              locutor generate --image-path FILE (--audio1-path FILE | --text TEXT) --output-path FILE [options]

            Examples:
              locutor generate -i portrait.png -a voice.mp3 -o video.mp4
              locutor generate -i portrait.png --text "Hello, nice to meet you." -o hello.mp4
              locutor generate -i portrait.png --text-file speech.txt --voice de+f3 -o rede.mp4
              locutor generate -i two.png -a left.wav --audio2-path right.wav -o both.mp4
              locutor generate -i film.mp4 -a voice.wav -o dubbed.mp4 --model infinitetalk-480p --steps 8
            """);
        output.WriteLine();
        string ranges = $"Ranges and defaults below are those of the model {context.Bundle.Name}. Add --model NAME or --preset NAME to " +
            "--help for those of another model or preset.";
        foreach (string line in WrappedText.Lines(ranges, width)) output.WriteLine(line);
        foreach (var (group, heading) in Headings)
        {
            output.WriteLine($"\n{heading}:");
            foreach (var (field, option) in RequestOptions.All.Where(one => one.Field.Group == group))
                WriteOption(output, option, Details(field, context), width);
        }
        foreach (var (heading, options) in others)
        {
            output.WriteLine($"\n{heading}:");
            foreach (var option in options) WriteOption(output, option, option.Description!, width);
        }
    }

    /// <summary>Returns the description of a field with its range and default.</summary>
    private static string Details(RequestField field, FieldContext context)
    {
        string more = field == VideoFields.Image ? "A source video is accepted too: its person gets new lip movements. Required."
            : field == VideoFields.Audio ? "Required unless a text is given."
            : field == VideoFields.Model ? "'locutor models list' shows all. The model 'untrained' needs no files; its videos are noise."
            : field is AdaptersField
                ? $"Expects {field.Expected(context.Bundle)}. It may be given several times. The files are " +
                    $"{AdapterFolder.Name}/{context.Bundle.Name}/NAME{AdapterFolder.Extension} in the store."
            : field is BoxesField ? "Give it twice, as left,top,right,bottom in pixels of the picture."
            : field is FileField or FlagField || (field is TextField and not ChoiceField && field != VideoFields.StepCache) ? ""
            : $"Expects {field.Expected(context.Bundle)}.";
        string usual = field.Default(context) switch
        {
            bool flag => flag ? "true" : "false",
            { } value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
            null => field.DefaultText,
        };
        return string.Join(' ', new[] { field.Help, more, usual.Length > 0 ? $"Default: {usual}." : "" }.Where(part => part.Length > 0));
    }

    private static void WriteOption(TextWriter output, Option option, string details, int width)
    {
        string letter = option.Aliases.FirstOrDefault() is { } alias ? alias + ", " : "    ";
        string value = option.HelpName is { } help && option.ValueType != typeof(bool) ? " " + help : "";
        string name = $"  {letter}{option.Name}{value}";
        int indent = width < LeastBeside ? 6 : NameWidth + 2;
        bool beside = name.Length <= indent - 2;
        if (!beside) output.WriteLine(name);
        foreach (string line in WrappedText.Lines(details, width - indent))
        {
            output.WriteLine((beside ? name : "").PadRight(indent) + line);
            beside = false;
        }
    }
}
