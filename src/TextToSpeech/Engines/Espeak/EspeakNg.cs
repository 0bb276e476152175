using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Locutor.Media.Captions;
using Locutor.Media.Processes;
using Locutor.Media.Sound;

namespace Locutor.TextToSpeech.Engines.Espeak;

/// <summary>
/// espeak-ng, which speaks more than a hundred languages. A voice may have a variant, as in <c>de+f3</c>. It runs in a separate process,
/// because a text may crash it: the program espeak-ng, or, for long sentences, whose captions need the times of words, its library in an
/// <see cref="EspeakProcess"/>.
/// </summary>
public sealed partial class EspeakNg : ISpeechEngine
{
    /// <summary>The default voice.</summary>
    private const string Usual = "en-us";

    /// <summary>The variants of a woman and a man, for two people.</summary>
    private const string Woman = "f3", Man = "m3";

    private readonly string program;
    private readonly IReadOnlyList<string>? process;
    private (IReadOnlyList<Voice> Voices, HashSet<string> Variants)? lists;

    private EspeakNg(string program, IReadOnlyList<string>? process) => (this.program, this.process) = (program, process);

    public string Name => "espeak-ng";

    /// <summary>The source type of sound from formulas, without a trained model.</summary>
    public string SourceType => "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia";

    public int? LongestPassage => null;

    /// <summary>Returns the engine; null if the program is not on PATH.</summary>
    public static EspeakNg? Find() => Find(EspeakProcess.Command);

    /// <param name="process">The command that starts an <see cref="EspeakProcess"/>; null if there is none.</param>
    internal static EspeakNg? Find(IReadOnlyList<string>? process) =>
        ToolPath.Find("espeak-ng") is { } program ? new EspeakNg(program, process) : null;

    public async Task<IReadOnlyList<Voice>> VoicesAsync(CancellationToken cancellationToken) =>
        (await ListsAsync(cancellationToken).ConfigureAwait(false)).Voices;

    public async Task<Voice?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var (voices, variants) = await ListsAsync(cancellationToken).ConfigureAwait(false);
        string[] parts = name.Split('+', 2);
        if (voices.FirstOrDefault(voice => voice.Name == parts[0]) is not { } found || (parts.Length > 1 && !variants.Contains(parts[1])))
            return null;
        return parts.Length == 1 ? found : found with { Name = name, Title = $"{found.Title}, variant {parts[1]}" };
    }

    public async Task<Voice> OtherAsync(Voice voice, CancellationToken cancellationToken)
    {
        string[] parts = voice.Name.Split('+', 2);
        string variant = parts.Length > 1 && parts[1].StartsWith('f') ? Man : Woman;
        return await FindAsync($"{parts[0]}+{variant}", cancellationToken).ConfigureAwait(false) ?? voice;
    }

    public async IAsyncEnumerable<Speech> SpeakAsync(
        IReadOnlyList<string> passages, Voice voice, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A sentence with one caption needs no marks, and the program starts faster than the process with the library.
        var (session, note) = passages.Any(passage => CaptionText.Split(passage).Count > 1)
            ? await StartAsync(voice, cancellationToken).ConfigureAwait(false)
            : (null, null);
        try
        {
            foreach (string passage in passages)
            {
                yield return session is null
                    ? new Speech(passage, await SpeakAsync(passage, voice, cancellationToken).ConfigureAwait(false), []) { Note = note }
                    : await session.SpeakAsync(passage, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (session is not null) await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Starts the process with the library. If that is not possible, returns the reason as a note.</summary>
    private async Task<(EspeakSession? Session, string? Note)> StartAsync(Voice voice, CancellationToken cancellationToken)
    {
        const string Note = "captions inside long sentences are placed by their length";
        if (process is null) return (null, $"{Note}: this program does not ask espeak-ng for the times of words, as locutor does");
        try
        {
            return (await EspeakSession.StartAsync(process, voice, cancellationToken).ConfigureAwait(false), null);
        }
        catch (SpeechException missing)
        {
            return (null, $"{Note}: {missing.Message}");
        }
    }

    private async Task<Waveform> SpeakAsync(string passage, Voice voice, CancellationToken cancellationToken)
    {
        // espeak-ng would read the text in [[ ]] as names of phonemes.
        string plain = passage.Replace("[[", "[ [", StringComparison.Ordinal);
        byte[] wav = await SpeechTool.RunAsync(
            program, ["-v", voice.Name, "-b", "1", "--stdin", "--stdout"], Encoding.UTF8.GetBytes(plain),
            cancellationToken).ConfigureAwait(false);
        try
        {
            return wav.Length == 0 ? new Waveform(22050, []) : WavReader.Read(wav);
        }
        catch (InvalidDataException broken)
        {
            throw new SpeechException(SpeechFault.EngineFailed, $"{Name}: {broken.Message}", broken);
        }
    }

    private async Task<(IReadOnlyList<Voice> Voices, HashSet<string> Variants)> ListsAsync(CancellationToken cancellationToken)
    {
        if (lists is { } known) return known;
        var voices = Lines(await SpeechTool.RunAsync(program, ["--voices"], default, cancellationToken).ConfigureAwait(false))
            .GroupBy(line => line.Language, StringComparer.Ordinal).Select(same => same.First())
            .Select(line => new Voice(Name, line.Language, line.Language, line.Title.Replace('_', ' ')))
            .OrderBy(voice => voice.Name != Usual).ThenBy(voice => voice.Name, StringComparer.Ordinal);
        var variants = Lines(await SpeechTool.RunAsync(program, ["--voices=variant"], default, cancellationToken).ConfigureAwait(false))
            .Select(line => line.File[(line.File.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        lists = ([.. voices], [.. variants]);
        return lists.Value;
    }

    private static IEnumerable<(string Language, string Title, string File)> Lines(byte[] table) =>
        Row().Matches(Encoding.UTF8.GetString(table))
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value));

    /// <summary>Priority, language, age and gender, name, file.</summary>
    [GeneratedRegex(@"^ *\d+ +(\S+) +\S+ +(\S+) +(\S+)", RegexOptions.Multiline)]
    private static partial Regex Row();
}
