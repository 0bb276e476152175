using System.Security.Cryptography;
using Locutor.Media.Video.Segments;
using Locutor.Service.Files;

namespace Locutor.Service.Live;

/// <summary>
/// Stores the segments of one attempt, so that every node can send them. Frames that an earlier attempt has published are skipped: all
/// attempts produce equal frames, and the numbers continue.
/// </summary>
internal sealed class LivePublisher
{
    private readonly IFileStore store;
    private readonly DataFolder folder;
    private readonly string job;
    private readonly int attempt;
    private LiveIndex? index;
    private string? header;

    private LivePublisher(IFileStore store, DataFolder folder, string job, int attempt, LiveIndex? index) =>
        (this.store, this.folder, this.job, this.attempt, this.index) = (store, folder, job, attempt, index);

    /// <summary>The number of frames that can be watched.</summary>
    public int Frames => index?.Frames ?? 0;

    /// <summary>The duration that can be watched.</summary>
    public double Seconds => index is null ? 0 : index.Frames / (double)index.Video.FramesPerSecond;

    /// <summary>Continues the list of earlier attempts. From now on this attempt's list is the valid one.</summary>
    public static async Task<LivePublisher> OpenAsync(
        IFileStore store, DataFolder folder, string job, int attempt, CancellationToken cancellationToken)
    {
        var earlier = attempt > 1 ? await LiveIndex.ReadAsync(store, job, attempt - 1, cancellationToken) : null;
        if (earlier is not null)
            await earlier.WriteAsync(store, folder, job, attempt, cancellationToken);
        return new LivePublisher(store, folder, job, attempt, earlier);
    }

    /// <summary>Stores a segment, and then the list that contains it.</summary>
    public async Task PublishAsync(VideoSegment segment, CancellationToken cancellationToken)
    {
        // A video with other properties belongs to another version of the model, whose frames do not continue the earlier ones.
        if (index?.Video != segment.Video)
            index = new LiveIndex { Video = segment.Video };
        if (segment.FirstFrame != index.Frames)
            return;
        // The name of a header contains its hash: attempts with equal encoders share one header, and other headers have other names.
        string needed = $"{Convert.ToHexStringLower(SHA256.HashData(segment.Header))[..16]}.mp4";
        string name = FormattableString.Invariant($"{attempt}-{index.Segments.Length:D5}.m4s");
        if (header != needed)
            await KeepAsync(needed, segment.Header, "video/mp4", cancellationToken);
        header = needed;
        await KeepAsync(name, segment.Media, "video/iso.segment", cancellationToken);
        index = index with { Segments = [.. index.Segments, new LiveSegment(name, header, segment.Frames)] };
        await index.WriteAsync(store, folder, job, attempt, cancellationToken);
    }

    private Task KeepAsync(string name, byte[] bytes, string contentType, CancellationToken cancellationToken) =>
        store.KeepAsync(folder, bytes, LiveIndex.PathOf(job, name), contentType, cancellationToken);
}
