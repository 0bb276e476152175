using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Sound;

namespace Locutor.Generation;

/// <summary>The decoded inputs of a request; opening them finds what is wrong with them before any network is loaded.</summary>
public sealed class SourceMedia : IAsyncDisposable
{
    private SourceMedia(IReadOnlyList<StoredSound> voices, SourcePictures pictures) => (Voices, Pictures) = (voices, pictures);

    /// <summary>One for each person, mono, 16 kHz, all of equal length; in temporary files.</summary>
    public IReadOnlyList<StoredSound> Voices { get; }

    public SourcePictures Pictures { get; }

    /// <exception cref="MediaException">An input cannot be used.</exception>
    /// <exception cref="RequestException">The boxes do not fit the picture.</exception>
    public static async Task<SourceMedia> OpenAsync(TalkingVideoRequest request, MediaLimits limits, CancellationToken ct)
    {
        var pictures = await SourcePictures.OpenAsync(request.ImagePath, request.Settings.Buckets, limits, ct).ConfigureAwait(false);
        try
        {
            if (request.AudioPaths.Count == 2 && SpeakerRegions.Fault(request.Settings.Speakers, pictures) is { } fault) throw new RequestException(VideoFields.Boxes.Name, fault);
            return new SourceMedia(await VoicesAsync(request, limits, ct).ConfigureAwait(false), pictures);
        }
        catch
        {
            await pictures.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (var voice in Voices) voice.Dispose();
        return Pictures.DisposeAsync();
    }

    private static async Task<IReadOnlyList<StoredSound>> VoicesAsync(TalkingVideoRequest request, MediaLimits limits, CancellationToken ct)
    {
        var decoded = new List<Waveform>();
        foreach (string path in request.AudioPaths)
            decoded.Add(await AudioDecoder.DecodeAsync(path, SpeechEmbedding.SampleRate, limits, ct).ConfigureAwait(false));
        if (decoded.Count == 1) return [StoredSound.Store(decoded[0])];
        var tracks = request.Settings.Placement == VoicePlacement.SideBySide
            ? AudioTracks.SideBySide(decoded[0], decoded[1])
            : AudioTracks.OneAfterTheOther(decoded[0], decoded[1]);
        return [StoredSound.Store(tracks.First), StoredSound.Store(tracks.Second)];
    }
}
