using System.Runtime.CompilerServices;
using Locutor.Generation.Clips;
using Locutor.Generation.Loading;
using Locutor.Generation.Progress;

namespace Locutor.Generation;

/// <summary>
/// The videos of the people in a portrait: one video, or one for each person where the networks generate the people's places in the
/// portrait separately, each from the person's own voice.
/// </summary>
/// <param name="Videos">The videos; all have the same number of clips. They are disposed with this object.</param>
internal sealed record PreparedPeople(IReadOnlyList<PreparedVideo> Videos) : IDisposable
{
    /// <summary>The options of the first video; those of the others are equal.</summary>
    public GenerationOptions Options => Videos[0].Options;

    /// <summary>Prepares one video after the other.</summary>
    /// <param name="count">The number of people.</param>
    /// <param name="prepare">Prepares the video of a person.</param>
    public static PreparedPeople Create(int count, Func<int, PreparedVideo> prepare)
    {
        var videos = new List<PreparedVideo>();
        try
        {
            while (videos.Count < count) videos.Add(prepare(videos.Count));
            return new(videos);
        }
        catch
        {
            foreach (var video in videos) video.Dispose();
            throw;
        }
    }

    /// <summary>Generates all videos side by side.</summary>
    /// <param name="networks">The loaded networks.</param>
    /// <param name="options">Replaces the options of the first video.</param>
    /// <param name="notice">Receives messages for the user about the generation; null for nobody.</param>
    /// <param name="from">The clips of an earlier run after which the videos continue, one for each; empty starts at the beginning.</param>
    /// <param name="progress">Receives every denoising step of the first video.</param>
    /// <param name="cancellationToken">Cancels between two steps.</param>
    /// <returns>For every clip of the video, the clips of all people. The caller disposes them.</returns>
    public async IAsyncEnumerable<IReadOnlyList<GeneratedClip>> GenerateAsync(
        NetworkSet networks, GenerationOptions options, Action<string>? notice, IReadOnlyList<GeneratedClip> from,
        IProgress<GenerationProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IAsyncEnumerator<GeneratedClip>[] sources =
        [
            .. Videos.Select((video, person) => video.GenerateAsync(
                new TalkingVideoGenerator(networks) { Notice = person == 0 ? notice : null },
                person == 0 ? options : null,
                from: from.ElementAtOrDefault(person),
                progress: person == 0 ? progress : null,
                cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken))
        ];
        try
        {
            while (await NextAsync(sources).ConfigureAwait(false) is { } clips) yield return clips;
        }
        finally
        {
            foreach (var source in sources) await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var video in Videos) video.Dispose();
    }

    private static async Task<IReadOnlyList<GeneratedClip>?> NextAsync(IAsyncEnumerator<GeneratedClip>[] sources)
    {
        var clips = new List<GeneratedClip>();
        try
        {
            foreach (var source in sources)
            {
                if (!await source.MoveNextAsync().ConfigureAwait(false)) return null; // All videos have the same number of clips.
                clips.Add(source.Current);
            }
            return clips;
        }
        catch
        {
            foreach (var clip in clips) clip.Dispose();
            throw;
        }
    }
}
