using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Locutor.Torch.Devices;

/// <summary>
/// A thread that runs the work of one device and then waits for more. libtorch keeps cuDNN's execution plans for each thread. A new thread
/// would build them again, which takes 0.1 s for a pass of the transformer, while the GPU is idle.
/// </summary>
internal sealed class DeviceThread
{
    private static readonly ConcurrentDictionary<string, ConcurrentStack<DeviceThread>> IdleOf = new();

    private readonly ConcurrentStack<DeviceThread> idle;
    private readonly object turn = new();
    private Func<Action>? work; // runs the work and returns an action that completes the task of the caller

    private DeviceThread(string name, ConcurrentStack<DeviceThread> idle)
    {
        this.idle = idle;
        new Thread(Loop) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Starts work on an idle thread of the device, or on a new thread if all are busy.</summary>
    /// <returns>The result of the work, or its failure.</returns>
    public static Task<T> Start<T>(Device device, Func<T> work)
    {
        string name = $"{device}";
        var idle = IdleOf.GetOrAdd(name, _ => new());
        if (!idle.TryPop(out var thread)) thread = new(name, idle);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var context = ExecutionContext.Capture()!; // so that TorchOptions.Override applies to the thread too
        thread.Give(() =>
        {
            try
            {
                T? result = default;
                ExecutionContext.Run(context, _ => result = work(), null);
                return () => done.SetResult(result!);
            }
            catch (Exception failure)
            {
                return () => done.SetException(failure);
            }
        });
        return done.Task;
    }

    private void Give(Func<Action> next)
    {
        lock (turn)
        {
            work = next;
            Monitor.Pulse(turn);
        }
    }

    private Func<Action> Take()
    {
        lock (turn)
        {
            while (work is null) Monitor.Wait(turn);
            var taken = work;
            work = null;
            return taken;
        }
    }

    private void Loop()
    {
        while (true)
        {
            var complete = Take()();
            idle.Push(this); // before the caller continues, so that its next work finds this thread
            complete();
        }
    }
}
