using System.Runtime.CompilerServices;

namespace Locutor.Generation.Diagnosis;

/// <summary>Something to look at on a machine.</summary>
/// <param name="Name">One word; findings carry it.</param>
/// <param name="Run">Looks. Whatever it throws becomes a failure.</param>
public sealed record Check(string Name, Func<CancellationToken, Task<IReadOnlyList<Finding>>> Run)
{
    /// <summary>Longer than any machine takes that works; then the check counts as hanging.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A check that does not wait for other processes.</summary>
    public Check(string name, Func<IReadOnlyList<Finding>> look) : this(name, _ => Task.FromResult(look()))
    {
    }

    /// <summary>Runs checks one after another. A check that throws, or that hangs on a dead disk or driver, is a failure and does not keep the others from running.</summary>
    public static async IAsyncEnumerable<Finding> RunAllAsync(IEnumerable<Check> checks, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var check in checks)
            foreach (var finding in await check.RunAsync(ct).ConfigureAwait(false)) yield return finding;
    }

    private async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            return await Task.Run(() => Run(limit.Token), limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return [Finding.Failure(Name, $"no answer within {Patience.TotalSeconds:0} s", "something that it asks hangs: a driver, a program or a disk; the system's log may tell which")];
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return [Finding.Failure(Name, $"could not be checked: {failure.Message.ReplaceLineEndings(" ")}", "see whether the message names a file or a right that is missing")];
        }
    }
}
