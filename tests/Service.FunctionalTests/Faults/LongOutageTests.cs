using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>The database is lost for longer than a worker tries to report the end of its job.</summary>
[Collection(LostAnswers.Name)]
public sealed class LongOutageTests
{
    [Fact]
    public async Task A_video_that_was_complete_in_an_outage_is_no_failure_afterwards()
    {
        await using var world = await World.StartAsync();
        await new Actor("observer").RunAsync(async () =>
        {
            string id = JobId.New();
            var request = new JobRequest { Inputs = await world.InputsAsync(id, stored: true) };
            await world.Grains.GetGrain<ITokenIndexGrain>("wk-client").SubmitAsync(new JobSubmission { JobId = id, Request = request });
            await UntilAsync(world, id, job => job.Status is JobStatus.Running);
            world.Plan.BreakDatabase(World.ReportPatience * 1.5);

            var ended = await UntilAsync(world, id, job => job.Status.IsTerminal());
            ended.Status.ShouldBe(JobStatus.Succeeded, ended.Error?.Message);
            world.Storage.Ends[id].ShouldBe(1);
        });
    }

    private static async Task<JobRecord> UntilAsync(World world, string id, Func<JobRecord, bool> isReached)
    {
        for (long from = world.Time.GetTimestamp(); ; await Task.Delay(TimeSpan.FromSeconds(0.5), world.Time))
        {
            try
            {
                if (await world.Grains.GetGrain<IJobGrain>(id).GetAsync() is { } job && isReached(job))
                    return job;
            }
            catch (Exception exception) when (exception is not ShouldAssertException)
            {
                // The record cannot be read without the database.
            }
            world.Time.GetElapsedTime(from).ShouldBeLessThan(TimeSpan.FromMinutes(5), "the job does not end");
        }
    }
}
