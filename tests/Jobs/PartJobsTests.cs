using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;

namespace Locutor.Jobs.Tests;

public sealed class PartJobsTests
{
    [Fact]
    public async Task Every_attempt_at_a_video_finds_the_same_parts_which_are_not_listed_and_end_with_it()
    {
        await using var silo = await TestSilo.StartAsync();
        var video = (await silo.Job(await silo.SubmitAsync("wk-a")).GetAsync())!;
        string[] parts = [await SubmitAsync(1), await SubmitAsync(2), await SubmitAsync(3)];
        parts.Append(video.Id).Distinct().Count().ShouldBe(4);
        (await SubmitAsync(2)).ShouldBe(parts[1]);
        var index = silo.Grains.GetGrain<ITokenIndexGrain>("wk-a");
        (await index.ListAsync(null, 10, null)).Entries.Select(entry => entry.Id).ShouldBe([video.Id]);
        (await index.OpenAsync()).Length.ShouldBe(4, "the queue knows them");
        var record = (await silo.Job(parts[0]).GetAsync())!;
        (record.Owner, record.Request.Part!.First, record.Request.Webhook).ShouldBe(("wk-a", 100, null));

        (await PartJobs.IsNeededAsync(silo.Grains, record.Request.Part)).ShouldBeTrue();
        await silo.Job(parts[2]).StartAsync("w", 1);
        await silo.Job(video.Id).CancelAsync();
        (await PartJobs.IsNeededAsync(silo.Grains, record.Request.Part)).ShouldBeFalse();
        (await PartJobs.EndAsync(silo.Grains, video with { Request = video.Request with { MostParts = 8 } })).ShouldBe(parts[..2]);
        (await silo.Job(parts[0]).GetAsync()).ShouldBeNull();
        (await silo.Job(parts[2]).GetAsync())!.Status.ShouldBe(JobStatus.Canceled, "its worker has to see that");

        async Task<string> SubmitAsync(int part) =>
            (await PartJobs.SubmitAsync(silo.Grains, video, new JobPart(video.Id, part, 100 * part, 108, 400))).ShouldNotBeNull();
    }
}
