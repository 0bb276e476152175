using System.Text;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.TextToSpeech.Engines;

/// <summary>The program flite, whose English voices sound more natural than those of espeak-ng.</summary>
public sealed class Flite : ISpeechEngine
{
    /// <summary>The voices that are listed first: a woman's, then a man's.</summary>
    private static readonly string[] Best = ["slt", "rms"];

    private readonly string program;
    private IReadOnlyList<Voice>? voices;

    private Flite(string program) => this.program = program;

    public string Name => "flite";

    /// <summary>The source type of sound from a model that was trained on recordings.</summary>
    public string SourceType => "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

    public int? LongestPassage => null;

    /// <summary>Returns the engine; null if the program is not on PATH.</summary>
    public static Flite? Find() => ToolPath.Find("flite") is { } program ? new Flite(program) : null;

    public async Task<IReadOnlyList<Voice>> VoicesAsync(CancellationToken cancellationToken) =>
        voices ??= await ListAsync(cancellationToken).ConfigureAwait(false);

    public async Task<Voice?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await VoicesAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(voice => voice.Name == name);

    public async Task<Voice> OtherAsync(Voice voice, CancellationToken cancellationToken) =>
        (await VoicesAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(other => other.Name != voice.Name, voice);

    public IAsyncEnumerable<Speech> SpeakAsync(IReadOnlyList<string> passages, Voice voice, CancellationToken cancellationToken) =>
        Speech.WithoutMarksAsync(passages, passage => SpeakAsync(passage, voice, cancellationToken));

    private async Task<Waveform> SpeakAsync(string passage, Voice voice, CancellationToken cancellationToken)
    {
        // flite reads its text from a file and needs a seekable output.
        string folder = Directory.CreateTempSubdirectory("locutor-flite-").FullName;
        try
        {
            string text = Path.Combine(folder, "text"), sound = Path.Combine(folder, "sound.wav");
            await File.WriteAllTextAsync(text, passage, cancellationToken).ConfigureAwait(false);
            await SpeechTool.RunAsync(program, ["-voice", voice.Name, "-f", text, "-o", sound], default, cancellationToken)
                .ConfigureAwait(false);
            return WavReader.Read(await File.ReadAllBytesAsync(sound, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException)
        {
            throw new SpeechException(SpeechFault.EngineFailed, $"{Name}: {broken.Message}", broken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads the list "Voices available: kal awb rms slt".</summary>
    private async Task<IReadOnlyList<Voice>> ListAsync(CancellationToken cancellationToken)
    {
        string list = Encoding.UTF8.GetString(
            await SpeechTool.RunAsync(program, ["-lv"], default, cancellationToken).ConfigureAwait(false));
        string[] names = list[(list.IndexOf(':', StringComparison.Ordinal) + 1)..]
            .Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        // The voice awb_time speaks only the time of day.
        return [.. names.Where(name => name != "awb_time").Select(name => new Voice(Name, name, "en", "English"))
            .OrderBy(voice => Array.IndexOf(Best, voice.Name) is var rank && rank < 0 ? Best.Length : rank)
            .ThenBy(voice => voice.Name, StringComparer.Ordinal)];
    }
}
