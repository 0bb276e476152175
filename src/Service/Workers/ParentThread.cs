using System.Diagnostics;

namespace Locutor.Service.Workers;

/// <summary>
/// Starts a process from a thread that lives until this object is disposed. With the death signal of <see cref="ParentWatch"/>, Linux
/// kills a process when the thread that started it ends, and a thread of the thread pool may end at any time.
/// </summary>
internal sealed class ParentThread : IDisposable
{
    private readonly TaskCompletionSource<Process> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim over = new();

    public ParentThread(ProcessStartInfo start) =>
        new Thread(() => Run(start)) { IsBackground = true, Name = "parent of a worker" }.Start();

    public Task<Process> Started => started.Task;

    public void Dispose() => over.Set();

    private void Run(ProcessStartInfo start)
    {
        try
        {
            started.SetResult(Process.Start(start) ?? throw new InvalidOperationException("no process was started"));
        }
        catch (Exception exception)
        {
            started.SetException(exception);
            return;
        }
        over.Wait();
        over.Dispose();
    }
}
