using Locutor.Jobs.Records;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.Views;

/// <summary>Sends the video of a finished job. It supports ranges, an entity tag and conditional requests.</summary>
public static class VideoAnswer
{
    public static IResult Create(Stream video, JobRecord job) => Results.Stream(
        video, "video/mp4",
        lastModified: job.FinishedAt,
        entityTag: new EntityTagHeaderValue($"\"{job.Result!.Sha256}\""),
        enableRangeProcessing: true);
}
