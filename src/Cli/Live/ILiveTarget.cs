using Locutor.Media.Video.Segments;

namespace Locutor.Cli.Live;

/// <summary>A way to watch a video while it is made.</summary>
internal interface ILiveTarget : IAsyncDisposable
{
    /// <summary>The address for players; null for standard output.</summary>
    string? Url { get; }

    /// <summary>Adds the next finished clip.</summary>
    Task PublishAsync(VideoSegment segment, CancellationToken cancellationToken);

    /// <summary>Ends the video, and waits while it is still being watched.</summary>
    Task EndAsync(CancellationToken cancellationToken);
}
