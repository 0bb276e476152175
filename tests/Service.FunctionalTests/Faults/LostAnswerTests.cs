using System.Diagnostics;
using System.Globalization;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Faults;

/// <summary>
/// Calls between grains, stores and workers fail before they are executed, or lose their answer afterwards: first at each call site in
/// turn, then at several random ones. LOCUTOR_SCHEDULE selects one schedule.
/// </summary>
[Collection(LostAnswers.Name)]
public sealed class LostAnswerTests
{
    private static readonly int Schedules = Endurance.Endurance.Choose(200, 10_000);
    private const int PerWorld = 250;
    private const int DryRuns = 6;

    [Fact]
    public async Task No_lost_call_or_answer_loses_a_job()
    {
        var clock = Stopwatch.StartNew();
        bool single = int.TryParse(
            Environment.GetEnvironmentVariable("LOCUTOR_SCHEDULE"), NumberStyles.None, CultureInfo.InvariantCulture, out int given);
        int done = 0, hit = 0;
        IReadOnlyDictionary<string, int> sites = new Dictionary<string, int>();
        for (int seed = single ? given : 0; seed < (single ? given + 1 : Schedules);)
        {
            await using var world = await World.StartAsync();
            sites = sites.Count > 0 ? sites : await SitesAsync(world);
            for (int last = Math.Min(seed + PerWorld, single ? given + 1 : Schedules); seed < last; seed++)
            {
                var faults = FaultPlan.Choose(seed, sites);
                try
                {
                    await new Schedule(world, seed).RunAsync(faults);
                }
                catch (Exception exception)
                {
                    throw new InvalidOperationException(
                        $"schedule {seed} (LOCUTOR_SCHEDULE={seed} LOCUTOR_SEED={TestSeed.Value} repeats it) with " +
                        $"{string.Join(", ", faults)}: {exception.Message}",
                        exception);
                }
                done++;
                hit += world.Plan.Hit.Count;
            }
            await CheckFilesAsync(world);
        }
        Endurance.Endurance.Say(
            $"lost answers: {done} schedules over {sites.Count} call sites, {hit} faults met, every job ended once; " +
            $"{clock.Elapsed.TotalSeconds:F0} s");
        if (!single)
            hit.ShouldBeGreaterThan(done, "the plans have to meet calls");
    }

    /// <summary>The call sites, and how often each is called in a schedule without faults.</summary>
    private static async Task<Dictionary<string, int>> SitesAsync(World world)
    {
        var most = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int run = 0; run < DryRuns; run++)
        {
            await new Schedule(world, -1 - run).RunAsync([]);
            foreach (var (site, count) in world.Plan.Calls)
                most[site] = Math.Max(most.GetValueOrDefault(site), count);
        }
        return most;
    }

    /// <summary>The files of lost submissions are removed too.</summary>
    private static async Task CheckFilesAsync(World world)
    {
        await Task.Delay(TimeSpan.FromMinutes(25), world.Time);
        world.WithFiles().ShouldBeEmpty();
    }
}
