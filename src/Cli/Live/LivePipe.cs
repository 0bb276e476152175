using Locutor.Media.Video.Segments;

namespace Locutor.Cli.Live;

/// <summary>
/// Writes the video to standard output, for a player at the other end of a pipe. When the player closes the pipe, .NET drops what is
/// written, and the file is completed without it.
/// </summary>
internal sealed class LivePipe : ILiveTarget
{
    private readonly Stream output = Console.OpenStandardOutput();
    private bool begun;

    public string? Url => null;

    public async Task PublishAsync(VideoSegment segment, CancellationToken cancellationToken)
    {
        if (!begun) await output.WriteAsync(segment.Header, cancellationToken);
        begun = true;
        await output.WriteAsync(segment.Media, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    public Task EndAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => output.DisposeAsync();
}
