using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;

namespace Locutor.Service.Submissions;

/// <summary>
/// Checks the boxes of the speakers as soon as the picture is stored, so that bad boxes are refused before the job waits in the queue.
/// </summary>
internal static class BoxCheck
{
    /// <summary>
    /// Returns why the boxes do not fit the picture; null when they fit or when the size of the picture is not known yet.
    /// </summary>
    public static string? Fault(VideoSettings settings, IEnumerable<JobInput> inputs)
    {
        if (settings.Speakers.Count == 0 || inputs.FirstOrDefault(input => input.Width > 0 && input.Height > 0) is not { } picture)
            return null;
        // The stored size does not include the EXIF rotation. Boxes are refused only if they fit neither the upright nor the rotated
        // picture; the worker decodes the picture and checks them exactly.
        return Fault(settings, picture.Height, picture.Width) is { } fault && Fault(settings, picture.Width, picture.Height) is not null
            ? fault
            : null;
    }

    private static string? Fault(VideoSettings settings, int height, int width)
    {
        var (source, bucket) = ((height, width), SizeBuckets.Nearest(settings.Buckets, height, width));
        return settings.Composition is { } composition
            ? FacePlaces.Fault(settings.Speakers, source, FacePlaces.VideoSize(source, bucket, composition.LargestSide, people: 2), bucket)
            : SpeakerRegions.Fault(settings.Speakers, source, bucket);
    }
}
