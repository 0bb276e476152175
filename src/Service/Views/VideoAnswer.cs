using Locutor.Jobs.Records;
using Microsoft.Net.Http.Headers;

namespace Locutor.Service.Views;

/// <summary>The file of a finished job, with ranges, entity tag and conditional answers.</summary>
public static class VideoAnswer
{
    public static IResult Of(Stream video, JobRecord job) => Results.Stream(
        video, "video/mp4",
        lastModified: job.FinishedAt,
        entityTag: new EntityTagHeaderValue($"\"{job.Result!.Sha256}\""),
        enableRangeProcessing: true);
}
