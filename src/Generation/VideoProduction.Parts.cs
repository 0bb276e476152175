using Locutor.Generation.Parts;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Media.Captions;
using Locutor.Media.Video;
using Locutor.Media.Video.Segments;

namespace Locutor.Generation;

/// <summary>A video whose parts are generated separately and then joined.</summary>
public sealed partial class VideoProduction
{
    /// <summary>
    /// Divides the video into parts at silences of the voices. A source video, or a voice that is still being read, is one part.
    /// </summary>
    /// <param name="most">Largest number of parts.</param>
    public IReadOnlyList<VideoPart> PlanParts(int most) => media.Voices.Count == 0 || media.Pictures.IsVideo
        ? [new VideoPart(0, Frames)]
        : PartPlan.Create(SpeechActivity.Measure(media.Voices), Frames, most);

    /// <summary>
    /// Writes the whole video with its sound from the files of its parts, in order, while the parts are still being written. It needs no
    /// networks.
    /// </summary>
    /// <param name="model">Name of the model that generated the parts, for the label of the file.</param>
    /// <param name="parts">The parts of <see cref="PlanParts"/>, in order.</param>
    /// <param name="progress">Receives the completed share of the video, from 0 to 1.</param>
    /// <param name="cancellationToken">Cancels; no file is left.</param>
    /// <exception cref="MediaException">A part has another size or length than expected, or the output cannot be written.</exception>
    public async Task<ProductionResult> JoinAsync(
        string model, IReadOnlyList<PartInWork> parts, Action<double> progress, CancellationToken cancellationToken)
    {
        var cues = Cues();
        var finishing = Finishing.Create(request, cues, limits);
        await using var removed = finishing.ConfigureAwait(false);
        await WriteJoinedAsync(finishing.Drawn(Output(model)), parts, progress, cancellationToken).ConfigureAwait(false);
        var (height, width) = await finishing.FinishAsync(Size, cancellationToken).ConfigureAwait(false);
        return Result(height, width, Frames, cues);
    }

    private async Task WriteJoinedAsync(
        VideoWriterOptions output, IReadOnlyList<PartInWork> parts, Action<double> progress,
        CancellationToken cancellationToken)
    {
        using var joiner = new PartJoiner(parts, Size, limits) { Boundary = request.LiveFrames };
        var publish = request.Live ?? ((_, _) => Task.CompletedTask);
        var writer = await SegmentedVideoWriter
            .CreateAsync(output, Frames, PartJoiner.LongestSegment, publish, cancellationToken).ConfigureAwait(false);
        await using var disposal = writer.ConfigureAwait(false);
        await joiner.WriteAsync(writer, frames => progress((double)frames / Frames), cancellationToken).ConfigureAwait(false);
        await writer.CompleteAsync(cancellationToken).ConfigureAwait(false);
    }
}
