using Locutor.Generation.Conditioning;
using Locutor.Generation.Requests;
using Locutor.Jobs.Records;

namespace Locutor.Service.Submissions;

/// <summary>Checks boxes as soon as the picture is here, so that nobody waits in the queue for a refusal.</summary>
internal static class BoxCheck
{
    /// <summary>Why the boxes do not fit the picture; null when they do or when its size is not known yet.</summary>
    public static string? Fault(VideoSettings settings, IEnumerable<JobInput> inputs)
    {
        if (settings.Speakers.Count == 0 || inputs.FirstOrDefault(input => input.Width > 0 && input.Height > 0) is not { } picture)
            return null;
        // A picture may be stored lying on its side. Its boxes are refused when they fit neither way; the worker knows which way is up.
        return Fault(settings, picture.Height, picture.Width) is { } fault && Fault(settings, picture.Width, picture.Height) is not null ? fault : null;
    }

    private static string? Fault(VideoSettings settings, int height, int width) =>
        SpeakerRegions.Fault(settings.Speakers, (height, width), SizeBuckets.Nearest(settings.Buckets, height, width));
}
