using System.Runtime.CompilerServices;
using Locutor.Generation.Clips;
using Locutor.Generation.Compositing;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Guard;
using Locutor.Generation.Loading;
using Locutor.Generation.Pictures;
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
/// A video as a viewer sees it: its generated frames are checked and, if the networks generate a smaller picture than the portrait,
/// composited into the portrait.
/// </summary>
public sealed class ShownVideo : IDisposable
{
    private readonly NetworkSet networks;
    private readonly PreparedPeople people;
    private readonly ComposedVideo? composed;
    private readonly IReadOnlyList<Picture> pictures; // one for each person
    private readonly Action<string>? notice;
    private IReadOnlyList<StoredSound> ownVoices = [];
    private bool previews;

    private ShownVideo(
        NetworkSet networks, PreparedPeople people, ComposedVideo? composed, IReadOnlyList<Picture> pictures, Action<string>? notice) =>
        (this.networks, this.people, this.composed, this.pictures, this.notice) = (networks, people, composed, pictures, notice);

    /// <summary>Number of clips of the video; 0 if the end of the speech is not known.</summary>
    public int ClipCount => people.Options.Clips.KnownCount;

    /// <summary>Prepares a video from opened files.</summary>
    /// <param name="notice">Receives messages for the user about the generation; null for nobody.</param>
    /// <param name="previews">Whether to report small pictures of a clip while it is denoised.</param>
    /// <exception cref="OperationCanceledException">Cancelled while the speech was encoded.</exception>
    public static async Task<ShownVideo> FromMediaAsync(
        NetworkSet networks, VideoSettings settings, SourceMedia media, Action<string>? notice, CancellationToken cancellationToken,
        bool previews = false)
    {
        var source = media.Pictures;
        if (source.Target is not { } target)
        {
            var first = await source.AtAsync(0, cancellationToken).ConfigureAwait(false);
            var whole = PreparedPeople.Create(1, _ => PreparedVideo.FromMedia(networks, settings, media, cancellationToken));
            return new ShownVideo(networks, whole, null, [first], notice) { previews = previews };
        }

        Picture[] pictures = [.. source.Places.Select((_, person) => source.Still(person))];
        ComposedFace[] faces = [.. source.Places.Select((place, person) => ComposedFace.Create(
            networks, target, place, pictures[person], settings.Composition!,
            Motion(settings, media.WholeVoices.ElementAtOrDefault(person), person)))]; // no nods with a voice that is still being read
        var shown = Create(networks, new ComposedVideo(target, faces, media.FirstFrame), pictures, notice, (reference, person) =>
            PreparedVideo.FromMedia(networks, settings, media, cancellationToken, reference, person));
        shown.previews = previews;
        return shown;
    }

    /// <summary>Prepares a video from a portrait and voices in memory.</summary>
    /// <param name="portrait">The portrait. The networks get it at the first size of the settings.</param>
    /// <param name="voices">
    /// Mono audio at 16 kHz of the person. Two of equal length, for settings with a composition, belong to the people in the left and in
    /// the right half.
    /// </param>
    public static ShownVideo FromMemory(
        NetworkSet networks, VideoSettings settings, Picture portrait, params IReadOnlyList<Waveform> voices)
    {
        var size = (settings.Buckets[0][0], settings.Buckets[0][1]);
        if (settings.Composition is not { } composition)
        {
            var picture = Fitted(portrait);
            var whole = PreparedPeople.Create(1, _ => PreparedVideo.FromMemory(networks, settings, picture, voices.Single()));
            return new ShownVideo(networks, whole, null, [picture], null);
        }
        ArgumentOutOfRangeException.ThrowIfNotEqual(voices[^1].Samples.Length, voices[0].Samples.Length, nameof(voices));
        var all = new PixelRegion(0, 0, portrait.Height, portrait.Width);
        PixelRegion[] places = voices.Count == 1
            ? [all]
            : [.. FacePlaces.FindTwo([], (portrait.Height, portrait.Width), portrait, size).Select(place => place.Region)];
        Picture[] pictures = [.. places.Select(place => Fitted(place == all ? portrait : PictureRegion.Cut(portrait, place)))];
        StoredSound[] sounds = [.. voices.Select(StoredSound.From)];
        ComposedFace[] faces = [.. places.Select((place, person) => ComposedFace.Create(
            networks, portrait, place, pictures[person], composition, Motion(settings, sounds[person], person)))];
        var video = Create(networks, new ComposedVideo(portrait, faces), pictures, null, (reference, person) => PreparedVideo.FromMemory(
            networks, settings with { Seed = settings.Seed + person }, pictures[person], voices[person], reference));
        video.ownVoices = sounds;
        return video;

        Picture Fitted(Picture picture) => size == (picture.Height, picture.Width)
            ? picture
            : PictureResizer.ResizeToCover(picture, size.Item1, size.Item2);
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
        var options = people.Options with { Previews = previews };
        var plan = options.Clips;
        int leading = 1 + (options.Continuity?.JoinedFrames ?? 0);
        BlankWatch[] blank = [.. pictures.Select(picture => new BlankWatch(picture, leading))];
        var archives = archive?.ForPeople(pictures.Count) ?? [];
        IReadOnlyList<GeneratedClip> last = [];
        if (archives.Count > 0)
        {
            await foreach (var stored in
                    ClipArchive.ReadAsync(archives, plan, options.Height, options.Width, cancellationToken).ConfigureAwait(false))
            {
                foreach (var clip in last) clip.Dispose();
                last = [.. stored.Select(one => one.Clip)];
                yield return new ShownClip(stored[0].Frames.Count, Show(blank, [.. stored.Select(one => one.Frames)]));
            }
        }

        try
        {
            await foreach (var clips in
                    people.GenerateAsync(networks, options, notice, last, progress, cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    foreach (var watch in blank) watch.BeginClip();
                    IReadOnlyList<byte[]>[] frames = [.. clips.Select(clip => (IReadOnlyList<byte[]>)[.. clip.Frames()])];
                    yield return new ShownClip(clips[0].Clip.Keep, Show(blank, frames));
                    if (blank.Any(watch => watch.ClipIsBlank) || clips[0].Clip.Index == plan.Count - 1) continue;
                    foreach (var (store, clip) in archives.Zip(clips)) await store.SaveAsync(clip, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    foreach (var clip in clips) clip.Dispose();
                }
            }
        }
        finally
        {
            foreach (var clip in last) clip.Dispose();
        }
        foreach (var watch in blank) watch.Finish();
    }

    public void Dispose()
    {
        people.Dispose();
        composed?.Dispose();
        foreach (var voice in ownVoices) voice.Dispose();
    }

    /// <summary>Checks the frames of all people and composes them.</summary>
    private IEnumerable<byte[]> Show(BlankWatch[] blank, IReadOnlyList<byte[]>[] frames)
    {
        for (int person = 0; person < frames.Length; person++)
            foreach (byte[] frame in frames[person]) blank[person].See(frame);
        return composed?.Compose(frames) ?? frames[0];
    }

    private static HeadMotion? Motion(VideoSettings settings, StoredSound? voice, int person) =>
        settings.HeadMotion > 0 ? new HeadMotion(voice, settings.Seed + person, settings.HeadMotion) : null;

    private static ShownVideo Create(
        NetworkSet networks, ComposedVideo composed, Picture[] pictures, Action<string>? notice,
        Func<Picture, int, PreparedVideo> prepare)
    {
        try
        {
            var people = PreparedPeople.Create(pictures.Length, person => prepare(composed.References[person], person));
            return new ShownVideo(networks, people, composed, pictures, notice);
        }
        catch
        {
            composed.Dispose();
            throw;
        }
    }
}
