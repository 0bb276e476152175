using Locutor.Jobs.Records;

namespace Locutor.Service.Workers;

/// <summary>
/// Sums the seconds that an attempt spends in each stage. Stages repeat with every clip. An attempt begins with the stage loading.
/// </summary>
internal sealed class StageClock(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<JobStage, double> _seconds = [];
    private JobStage _stage = JobStage.Loading;
    private long _since = time.GetTimestamp();

    public void Enter(JobStage stage)
    {
        lock (_lock)
        {
            Add();
            _stage = stage;
        }
    }

    public Dictionary<JobStage, double> Read()
    {
        lock (_lock)
        {
            Add();
            return new Dictionary<JobStage, double>(_seconds);
        }
    }

    private void Add()
    {
        var now = time.GetTimestamp();
        _seconds[_stage] = _seconds.GetValueOrDefault(_stage) + time.GetElapsedTime(_since, now).TotalSeconds;
        _since = now;
    }
}
