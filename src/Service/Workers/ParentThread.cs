using System.Diagnostics;

namespace Locutor.Service.Workers;

/// <summary>
/// Starts a process from a thread that lasts until this is disposed. Linux ends a process that asked for it (<see cref="ParentWatch"/>) when
/// the thread that started it ends, and threads of the pool end at any time.
/// </summary>
internal sealed class ParentThread : IDisposable
{
    private readonly TaskCompletionSource<Process> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _over = new();

    public ParentThread(ProcessStartInfo start) => new Thread(() => Run(start)) { IsBackground = true, Name = "parent of a worker" }.Start();

    public Task<Process> Started => _started.Task;

    public void Dispose() => _over.Set();

    private void Run(ProcessStartInfo start)
    {
        try
        {
            _started.SetResult(Process.Start(start) ?? throw new InvalidOperationException("no process was started"));
        }
        catch (Exception exception)
        {
            _started.SetException(exception);
            return;
        }
        _over.Wait();
        _over.Dispose();
    }
}
