namespace Locutor.Jobs.Hosting;

/// <summary>
/// Says when the silo of this process begins to stop. A grain goes only after its calls have returned, so those that wait for something
/// to happen end here; their callers ask again and reach the grain where it lives then.
/// </summary>
public sealed class SiloEnding : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _ending = new();

    public CancellationToken Token => _ending.Token;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(SiloEnding), ServiceLifecycleStage.Active, _ => Task.CompletedTask, _ => _ending.CancelAsync());

    public void Dispose() => _ending.Dispose();
}
