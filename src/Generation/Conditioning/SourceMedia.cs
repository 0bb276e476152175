using Locutor.Generation.Parts;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Sound;

namespace Locutor.Generation.Conditioning;

/// <summary>The decoded inputs of a request. Opening them finds invalid inputs before any network is loaded.</summary>
public sealed class SourceMedia : IAsyncDisposable
{
    private SourceMedia(
        IReadOnlyList<StoredSound> whole, VideoPart? part, GrowingSound? growing, SourcePictures pictures, IReadOnlyList<string> notes)
    {
        (WholeVoices, GrowingVoice, Pictures, Notes) = (whole, growing, pictures, notes);
        FirstFrame = part?.First ?? 0;
        Voices = part is { } range ? [.. whole.Select(voice => Cut(voice, range))] : whole;
    }

    /// <summary>Messages for the user about changes to the inputs that may be unexpected.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// The voice of each person: mono, 16 kHz, all of equal length, stored in temporary files. Empty if there is a
    /// <see cref="GrowingVoice"/>. A request for a part has the sound of this part.
    /// </summary>
    public IReadOnlyList<StoredSound> Voices { get; }

    /// <summary>The voices of the whole video; <see cref="Voices"/>, unless the request is for a part.</summary>
    public IReadOnlyList<StoredSound> WholeVoices { get; }

    /// <summary>The first frame that is made, counted from the start of the whole video.</summary>
    public int FirstFrame { get; }

    /// <summary>The voice of one person that still arrives, mono at 16 kHz; null if the voices are stored.</summary>
    public GrowingSound? GrowingVoice { get; }

    /// <summary>Duration of the voices in seconds; of a growing voice, what has arrived so far.</summary>
    public double Seconds => GrowingVoice?.Seconds ?? Voices[0].Seconds;

    /// <summary>Number of frames that cover the voices; null if it is not known yet.</summary>
    public int? VideoFrames => GrowingVoice is not { } growing ? SpeechEmbedding.VideoFrames(Voices[0])
        : growing.KnownSeconds is { } known
        ? Math.Max(1, (int)Math.Ceiling(known * SpeechEmbedding.FramesPerSecond - 1e-6))
        : null;

    public SourcePictures Pictures { get; }

    /// <summary>Decodes and validates the inputs of a request.</summary>
    /// <exception cref="MediaException">An input cannot be used.</exception>
    /// <exception cref="RequestException">The boxes do not fit the picture.</exception>
    public static async Task<SourceMedia> OpenAsync(ProductionRequest request, MediaLimits limits, CancellationToken cancellationToken)
    {
        var settings = request.Settings;
        bool two = request.AudioPaths.Count == 2;
        var pictures = await SourcePictures.OpenAsync(
            request.ImagePath, settings.Buckets, limits, cancellationToken, settings.Composition, two ? settings.Speakers : null)
            .ConfigureAwait(false);
        try
        {
            if (two && pictures.Target is null && SpeakerRegions.Fault(request.Settings.Speakers, pictures) is { } fault)
                throw new RequestException(VideoFields.Boxes.Name, fault);
            var notes = new List<string>(pictures.Notes);
            return new SourceMedia(
                await VoicesAsync(request, limits, notes, cancellationToken).ConfigureAwait(false), request.Part, request.GrowingVoice,
                pictures, notes);
        }
        catch
        {
            await pictures.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var voice in Voices.Union(WholeVoices)) voice.Dispose();
        return Pictures.DisposeAsync();
    }

    private static StoredSound Cut(StoredSound voice, VideoPart part)
    {
        long samples = voice.SampleRate / SpeechEmbedding.FramesPerSecond, start = part.First * samples;
        return voice.Cut(start, Math.Min(part.Count * samples, voice.Samples - start));
    }

    private static async Task<IReadOnlyList<StoredSound>> VoicesAsync(
        ProductionRequest request, MediaLimits limits, List<string> notes, CancellationToken cancellationToken)
    {
        var voices = new List<StoredSound>();
        try
        {
            foreach (string path in request.AudioPaths)
            {
                var recording = await AudioDecoder.ReadAsync(path, SpeechEmbedding.SampleRate, limits, cancellationToken)
                    .ConfigureAwait(false);
                voices.Add(recording.Sound);
                if (recording.Note is { } note) notes.Add(note);
            }
            if (voices.Count == 2 && request.Settings.Placement == VoicePlacement.SideBySide) AudioTracks.SideBySide(voices[0], voices[1]);
            else if (voices.Count == 2) AudioTracks.OneAfterTheOther(voices[0], voices[1]);
            return voices;
        }
        catch
        {
            foreach (var voice in voices) voice.Dispose();
            throw;
        }
    }
}
