namespace Locutor.Jobs.Grains;

/// <summary>
/// Signals that the silo of this process begins to stop. A grain can move to another node only after its calls have returned, so calls that
/// wait for an event return early; their callers repeat them and reach the grain on its new node.
/// </summary>
public sealed class SiloEnding : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource ending = new();

    public CancellationToken Token => ending.Token;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(SiloEnding), ServiceLifecycleStage.Active, _ => Task.CompletedTask, _ => ending.CancelAsync());

    public void Dispose() => ending.Dispose();
}
