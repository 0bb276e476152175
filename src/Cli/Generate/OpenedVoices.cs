using Locutor.Generation.Requests;
using Locutor.Media.Captions;
using Locutor.Media.Pcm;
using Locutor.Media.Sound;

namespace Locutor.Cli.Generate;

/// <summary>The voices of a video: files, a text that has been spoken into files, or one voice that still arrives.</summary>
/// <param name="Paths">The files of the voices; empty if a voice still arrives.</param>
/// <param name="Growing">The voice that still arrives, or null.</param>
/// <param name="SpokenSound">The file with the whole spoken text; null if there is no text.</param>
/// <param name="Cues">The times of the spoken sentences; empty if there is no text.</param>
internal sealed record OpenedVoices(
    IReadOnlyList<string> Paths, GrowingSound? Growing, string? SpokenSound, IReadOnlyList<Cue> Cues) : IAsyncDisposable
{
    /// <summary>Returns the voices as the user gave them.</summary>
    public static IReadOnlyList<string> Addresses(RequestForm form) =>
        [.. new[] { form.Address(VideoFields.Audio), form.Address(VideoFields.Audio2) }.OfType<string>()];

    /// <summary>Checks the option <c>--raw-audio</c> before anything is read.</summary>
    /// <exception cref="CommandException">The option does not fit the request, or is no format.</exception>
    public static void CheckRawAudio(GenerateArguments arguments, VideoSettings settings)
    {
        if (arguments.RawAudio is not { } text) return;
        if (!settings.StreamSpeech || Addresses(arguments.Form).Count != 1)
        {
            throw new CommandException(
                ExitCodes.Usage, "--raw-audio: needs one voice and --stream-speech true, which is the default of flashtalk");
        }

        if (PcmFormat.TryParse(text) is null) throw new CommandException(ExitCodes.Usage, $"--raw-audio {text}: expected {PcmFormat.Form}");
    }

    /// <summary>
    /// Opens the voices, or speaks the text. With speech that is encoded as it comes, the voice of a pipe is not read to its end first.
    /// </summary>
    /// <param name="asked">The checked request.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="inputs">Provides the files.</param>
    /// <param name="say">Receives notices.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async Task<OpenedVoices> OpenAsync(
        ResolvedRequest asked, GenerateArguments arguments, InputFiles inputs, Action<string> say, CancellationToken cancellationToken)
    {
        if (asked.Script is not null)
        {
            var narration = await SpokenText.SpeakAsync(asked, inputs.NewFolder(), cancellationToken);
            say($"spoken by {string.Join(" and ", narration.Voices.Select(voice => voice.FullName))}, {narration.Seconds:0.0} s");
            if (narration.Note is { } note) say(note);
            return new OpenedVoices(narration.Paths, null, narration.SoundPath, narration.Cues);
        }

        var voices = Addresses(arguments.Form);
        if (!asked.Settings.StreamSpeech || voices.Count > 1)
            return new(await inputs.LocalAsync(voices, cancellationToken), null, null, []);
        var raw = arguments.RawAudio is { } text ? PcmFormat.TryParse(text) : null;
        var (growing, path) = await inputs.VoiceAsync(voices[0], raw, cancellationToken);
        if (path is null)
        {
            return asked.Transcript is null
                ? new([], growing, null, [])
                : throw new CommandException(
                    ExitCodes.Usage, "--transcript: needs a voice that is a file, since captions are placed by its silences");
        }


        if (InputFiles.IsPipe(InputFiles.PathOf(voices[0])))
        {
            say("the video begins after the whole sound has arrived; " +
                "only a single voice, as WAV or with --raw-audio, is used while it arrives");
        }

        return new([path], null, null, []);
    }

    public ValueTask DisposeAsync() => Growing?.DisposeAsync() ?? ValueTask.CompletedTask;
}
