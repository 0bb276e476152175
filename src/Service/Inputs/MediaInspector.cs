using System.Collections.Concurrent;
using Locutor.Media;
using Locutor.Media.Sound;
using Locutor.Service.Settings;

namespace Locutor.Service.Inputs;

/// <summary>The kind of file that a field of a request needs.</summary>
public enum ExpectedMedia
{
    Picture,
    Video,
    PictureOrVideo,
    Sound,
}

/// <summary>The kind and size of a file, as found in its bytes.</summary>
public sealed record InspectedMedia(string ContentType, string Extension, MediaKind Kind, double Seconds, int Width, int Height);

/// <summary>The file is readable, but not of the kind its field asks for.</summary>
public sealed class WrongKindException(string expected, string found)
    : Exception($"expected {expected}, found {found}")
{
    public string Expected { get; } = expected;
    public string Found { get; } = found;
}

/// <summary>
/// Looks into a file before it is accepted: container by its bytes, sizes before any decoding, sound decoded to its end. What was found
/// is remembered by the file's hash, so that the same bytes are not looked into twice.
/// </summary>
public sealed class MediaInspector(ServeSettings settings) : IDisposable
{
    private const int DecodeRate = 16_000;
    private const int MostRemembered = 4096;

    private readonly ConcurrentDictionary<string, InspectedMedia> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _processes = new(Math.Max(2, Environment.ProcessorCount));
    private readonly MediaLimits _limits = new()
    {
        MaxFileBytes = (long)(settings.MaxInputMb * 1e6),
        MaxPicturePixels = (long)(settings.MaxPictureMegapixels * 1e6),
        MaxSeconds = settings.MaxAudioSeconds,
        DecodeTimeout = TimeSpan.FromSeconds(120),
    };

    public void Dispose() => _processes.Dispose();

    /// <exception cref="WrongKindException">Readable, but another kind of file.</exception>
    /// <exception cref="InputException">Not readable, or beyond a limit.</exception>
    public async Task<InspectedMedia> InspectAsync(string path, string sha256, ExpectedMedia expected, CancellationToken cancellation)
    {
        var media = _known.TryGetValue(sha256, out var known) ? known : await LookAsync(path, sha256, expected, cancellation);
        var fits = expected switch
        {
            ExpectedMedia.Picture => media.Kind is MediaKind.Picture,
            ExpectedMedia.Video => media.Kind is MediaKind.Video,
            ExpectedMedia.PictureOrVideo => media.Kind is not MediaKind.Audio,
            _ => media.Kind is MediaKind.Audio,
        };
        return fits ? media : throw new WrongKindException(Name(expected), media.ContentType);
    }

    /// <summary>How a message calls the kind.</summary>
    public static string Name(ExpectedMedia expected) => expected switch
    {
        ExpectedMedia.Picture => "image",
        ExpectedMedia.Video => "video",
        ExpectedMedia.PictureOrVideo => "image or video",
        _ => "audio",
    };

    private async Task<InspectedMedia> LookAsync(string path, string sha256, ExpectedMedia expected, CancellationToken cancellation)
    {
        await _processes.WaitAsync(cancellation);
        try
        {
            // The same file may have come many times at once.
            if (_known.TryGetValue(sha256, out var meanwhile))
                return meanwhile;
            var info = await MediaProbe.ProbeAsync(path, _limits, cancellation);
            var seconds = info.Duration ?? 0;
            if (info.Kind is MediaKind.Audio && expected is ExpectedMedia.Sound)
                seconds = await DecodedSecondsAsync(path, cancellation);
            var names = NamesOf(info);
            var media = new InspectedMedia(names.ContentType, "." + names.Extensions[0], info.Kind, seconds, info.Width, info.Height);
            // Sound in a field for pictures was not decoded, so nothing about it is remembered.
            if (info.Kind is not MediaKind.Audio || expected is ExpectedMedia.Sound)
                Remember(sha256, media);
            return media;
        }
        catch (MediaException exception)
        {
            var message = exception.Message.Replace(path + ": ", "", StringComparison.Ordinal).Replace(path, "the file", StringComparison.Ordinal);
            throw new InputException(exception.Code, message, exception.Code is MediaErrorCodes.Timeout or MediaErrorCodes.Internal, exception);
        }
        finally
        {
            _processes.Release();
        }
    }

    private async Task<double> DecodedSecondsAsync(string path, CancellationToken cancellation)
    {
        using var sound = (await AudioDecoder.ReadAsync(path, DecodeRate, _limits, cancellation)).Sound;
        return sound.Seconds;
    }

    private void Remember(string sha256, InspectedMedia media)
    {
        if (_known.Count >= MostRemembered)
            _known.Clear();
        _known[sha256] = media;
    }

    private static MediaNames NamesOf(MediaInfo info) => info.Container.Names(info.Kind) ?? new(info.Kind is MediaKind.Audio ? "audio/x-unknown" : "video/x-unknown", "bin");
}
