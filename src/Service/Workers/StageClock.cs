using Locutor.Jobs.Records;

namespace Locutor.Service.Workers;

/// <summary>
/// Sums the seconds that an attempt spends in each stage. Stages repeat with every clip. An attempt begins with the stage loading.
/// </summary>
internal sealed class StageClock(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<JobStage, double> seconds = [];
    private JobStage stage = JobStage.Loading;
    private long since = time.GetTimestamp();

    public void Enter(JobStage stage)
    {
        lock (gate)
        {
            Add();
            this.stage = stage;
        }
    }

    public Dictionary<JobStage, double> Read()
    {
        lock (gate)
        {
            Add();
            return new Dictionary<JobStage, double>(seconds);
        }
    }

    private void Add()
    {
        long now = time.GetTimestamp();
        seconds[stage] = seconds.GetValueOrDefault(stage) + time.GetElapsedTime(since, now).TotalSeconds;
        since = now;
    }
}
