using Locutor.Jobs.Records;
using Locutor.Media.Video;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.Views;

/// <summary>Sends the video of a finished job. It supports ranges, an entity tag and conditional requests.</summary>
public static class VideoAnswer
{
    /// <param name="video">The file.</param>
    /// <param name="job">The job.</param>
    /// <param name="format">Format of the file; null for the mp4 that the job has made.</param>
    public static IResult Create(Stream video, JobRecord job, VideoFormat? format = null) => Results.Stream(
        video, (format ?? VideoFormat.Mp4).ContentType,
        lastModified: job.FinishedAt,
        entityTag: new EntityTagHeaderValue(
            $"\"{job.Result!.Sha256}{(format is null || format == VideoFormat.Mp4 ? "" : "-" + format.Extension)}\""),
        enableRangeProcessing: true);
}
