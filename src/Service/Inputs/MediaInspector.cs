using System.Collections.Concurrent;
using Locutor.Media;
using Locutor.Media.Probing;
using Locutor.Media.Sound;
using Locutor.Service.Settings;

namespace Locutor.Service.Inputs;

/// <summary>The kind of file that a field of a request expects.</summary>
public enum ExpectedMedia
{
    Picture,
    Video,
    PictureOrVideo,
    Sound,
}

/// <summary>
/// The kind and size of a file, detected from its bytes. Seconds is 0 for pictures; Width and Height are in pixels and 0 for sound.
/// </summary>
public sealed record InspectedMedia(string ContentType, string Extension, MediaKind Kind, double Seconds, int Width, int Height);

/// <summary>A file is readable, but its field expects another kind of file.</summary>
public sealed class WrongKindException(string expected, string found)
    : Exception($"expected {expected}, found {found}")
{
    public string Expected { get; } = expected;
    public string Found { get; } = found;
}

/// <summary>
/// Inspects a file before it is accepted. It detects the container from the bytes, checks the sizes before it decodes anything, and decodes
/// sound to the end. Results are cached by the hash of the file, so that equal files are inspected once.
/// </summary>
public sealed class MediaInspector(ServeSettings settings) : IDisposable
{
    private const int DecodeRate = 16_000;
    private const int MostRemembered = 4096;

    private readonly ConcurrentDictionary<string, InspectedMedia> known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim processes = new(Math.Max(2, Environment.ProcessorCount));
    /// <summary>The limits of inputs.</summary>
    public MediaLimits Limits { get; } = new()
    {
        MaxFileBytes = (long)(settings.MaxInputMb * 1e6),
        MaxPicturePixels = (long)(settings.MaxPictureMegapixels * 1e6),
        MaxSeconds = settings.MaxAudioSeconds,
        DecodeTimeout = TimeSpan.FromSeconds(120),
    };

    public void Dispose() => processes.Dispose();

    /// <exception cref="WrongKindException">The file is readable, but of another kind.</exception>
    /// <exception cref="InputException">The file is not readable or exceeds a limit.</exception>
    public async Task<InspectedMedia> InspectAsync(string path, string sha256, ExpectedMedia expected, CancellationToken cancellationToken)
    {
        var media = this.known.TryGetValue(sha256, out var known) ? known : await LookAsync(path, sha256, expected, cancellationToken);
        bool fits = expected switch
        {
            ExpectedMedia.Picture => media.Kind is MediaKind.Picture,
            ExpectedMedia.Video => media.Kind is MediaKind.Video,
            ExpectedMedia.PictureOrVideo => media.Kind is not MediaKind.Audio,
            _ => media.Kind is MediaKind.Audio,
        };
        return fits ? media : throw new WrongKindException(Name(expected), media.ContentType);
    }

    /// <summary>Returns the name of the kind for messages.</summary>
    public static string Name(ExpectedMedia expected) => expected switch
    {
        ExpectedMedia.Picture => "image",
        ExpectedMedia.Video => "video",
        ExpectedMedia.PictureOrVideo => "image or video",
        _ => "audio",
    };

    /// <summary>Removes a path of this machine from a message for a user.</summary>
    public static string WithoutPath(string message, string path) =>
        message.Replace(path + ": ", "", StringComparison.Ordinal).Replace(path, "the file", StringComparison.Ordinal);

    private async Task<InspectedMedia> LookAsync(string path, string sha256, ExpectedMedia expected, CancellationToken cancellationToken)
    {
        await processes.WaitAsync(cancellationToken);
        try
        {
            // Equal files may arrive at once; only the first one is inspected.
            if (known.TryGetValue(sha256, out var meanwhile))
                return meanwhile;
            var info = await MediaProbe.ProbeAsync(path, Limits, cancellationToken);
            double seconds = info.Duration ?? 0;
            if (info.Kind is MediaKind.Audio && expected is ExpectedMedia.Sound)
                seconds = await DecodedSecondsAsync(path, cancellationToken);
            var names = NamesOf(info);
            var media = new InspectedMedia(names.ContentType, "." + names.Extensions[0], info.Kind, seconds, info.Width, info.Height);
            // Sound in a field for pictures was not decoded, so the result is not cached.
            if (info.Kind is not MediaKind.Audio || expected is ExpectedMedia.Sound)
                Remember(sha256, media);
            return media;
        }
        catch (MediaException exception)
        {
            throw new InputException(
                exception.Code, WithoutPath(exception.Message, path),
                exception.Code is MediaErrorCodes.Timeout or MediaErrorCodes.Internal, exception);
        }
        finally
        {
            processes.Release();
        }
    }

    private async Task<double> DecodedSecondsAsync(string path, CancellationToken cancellationToken)
    {
        using var sound = (await AudioDecoder.ReadAsync(path, DecodeRate, Limits, cancellationToken)).Sound;
        return sound.Seconds;
    }

    private void Remember(string sha256, InspectedMedia media)
    {
        if (known.Count >= MostRemembered)
            known.Clear();
        known[sha256] = media;
    }

    private static MediaNames NamesOf(MediaInfo info) =>
        info.Container.Names(info.Kind) ?? new(info.Kind is MediaKind.Audio ? "audio/x-unknown" : "video/x-unknown", "bin");
}
