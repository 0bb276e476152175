using System.Runtime.CompilerServices;
using Locutor.Generation.Clips;
using Locutor.Generation.Compositing;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Media.Sound;

namespace Locutor.Generation;

/// <summary>The frames of a clip as the video shows them.</summary>
/// <param name="Count">Number of frames.</param>
/// <param name="Frames">Rows of R, G, B; to be enumerated once. An array is valid until the next frame is requested.</param>
public readonly record struct ShownClip(int Count, IEnumerable<byte[]> Frames);

/// <summary>
/// A video as a viewer sees it: its generated frames are checked and, where the networks draw smaller than the portrait is, laid into the
/// portrait.
/// </summary>
public sealed class ShownVideo : IDisposable
{
    private readonly NetworkSet networks;
    private readonly PreparedVideo video;
    private readonly ComposedVideo? composed;
    private readonly Picture first;
    private readonly Action<string>? notice;

    private ShownVideo(NetworkSet networks, PreparedVideo video, ComposedVideo? composed, Picture first, Action<string>? notice) =>
        (this.networks, this.video, this.composed, this.first, this.notice) = (networks, video, composed, first, notice);

    /// <summary>Number of clips into which the video is divided; 0 if the end of the speech is not known.</summary>
    public int ClipCount => video.Options.Clips.KnownCount;

    /// <summary>Prepares a video from opened files.</summary>
    /// <param name="notice">Receives messages for the user about the generation; null for nobody.</param>
    /// <exception cref="OperationCanceledException">Cancelled while the speech was encoded.</exception>
    public static async Task<ShownVideo> FromMediaAsync(
        NetworkSet networks, VideoSettings settings, SourceMedia media, Action<string>? notice, CancellationToken cancellationToken)
    {
        var first = await media.Pictures.AtAsync(0, cancellationToken).ConfigureAwait(false);
        return Create(networks, settings, media.Pictures.Target, first, notice, reference =>
            PreparedVideo.FromMedia(networks, settings, media, cancellationToken, reference));
    }

    /// <summary>Prepares a video from a portrait and a voice in memory.</summary>
    /// <param name="portrait">The portrait. The networks get it at the first size of the settings.</param>
    /// <param name="voice">Mono audio at 16 kHz.</param>
    public static ShownVideo FromMemory(NetworkSet networks, VideoSettings settings, Picture portrait, Waveform voice)
    {
        var (height, width) = (settings.Buckets[0][0], settings.Buckets[0][1]);
        var first = (height, width) == (portrait.Height, portrait.Width) ? portrait : PictureResizer.ResizeToCover(portrait, height, width);
        return Create(networks, settings, settings.Composition is null ? null : portrait, first, null, reference =>
            PreparedVideo.FromMemory(networks, settings, first, voice, reference));
    }

    /// <summary>Generates the clips in order. The frames of a clip are valid until the next clip is requested.</summary>
    /// <param name="progress">Receives every denoising step.</param>
    /// <param name="archive">Stores finished clips and returns those of an interrupted run; null for none.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <exception cref="WrongResultException">The video cannot be right.</exception>
    public async IAsyncEnumerable<ShownClip> ClipsAsync(
        IProgress<GenerationProgress>? progress = null, ClipArchive? archive = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var options = video.Options;
        var plan = options.Clips;
        var blank = new BlankWatch(first, leading: 1 + (options.Continuity?.JoinedFrames ?? 0));
        GeneratedClip? last = null;
        if (archive is not null)
        {
            await foreach (var stored in archive.ReadAsync(plan, options.Height, options.Width, cancellationToken).ConfigureAwait(false))
            {
                last?.Dispose();
                last = stored.Clip;
                yield return new ShownClip(stored.Frames.Count, Shown(stored.Frames));
            }
        }

        using var from = last;
        var generator = new TalkingVideoGenerator(networks) { Notice = notice };
        await foreach (var clip in
                video.GenerateAsync(generator, from: from, progress: progress, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            using (clip)
            {
                blank.BeginClip();
                yield return new ShownClip(clip.Clip.Keep, Shown([.. clip.Frames()]));
                if (archive is not null && !blank.ClipIsBlank && clip.Clip.Index < plan.Count - 1)
                    await archive.SaveAsync(clip, cancellationToken).ConfigureAwait(false);
            }
        }

        blank.Finish();

        IEnumerable<byte[]> Shown(IReadOnlyList<byte[]> frames)
        {
            foreach (byte[] frame in frames) blank.See(frame);
            return composed?.Compose(frames) ?? frames;
        }
    }

    public void Dispose()
    {
        video.Dispose();
        composed?.Dispose();
    }

    private static ShownVideo Create(
        NetworkSet networks, VideoSettings settings, Picture? target, Picture first, Action<string>? notice,
        Func<Picture?, PreparedVideo> prepare)
    {
        var composed = target is null ? null : ComposedVideo.Create(networks, target, first, settings.Composition!);
        try
        {
            return new ShownVideo(networks, prepare(composed?.Reference), composed, first, notice);
        }
        catch
        {
            composed?.Dispose();
            throw;
        }
    }
}
