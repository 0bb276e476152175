using System.Runtime.CompilerServices;

namespace Locutor.Generation.Diagnosis;

/// <summary>A check of the machine.</summary>
/// <param name="Name">One word that identifies the check in its findings.</param>
/// <param name="Run">Runs the check. An exception becomes a failure.</param>
public sealed record Check(string Name, Func<CancellationToken, Task<IReadOnlyList<Finding>>> Run)
{
    /// <summary>Timeout; no working machine needs longer, so the check then counts as hanging.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Creates a check that runs synchronously.</summary>
    public Check(string name, Func<IReadOnlyList<Finding>> look) : this(name, _ => Task.FromResult(look()))
    {
    }

    /// <summary>
    /// Runs checks one after another. A check that throws, or that hangs because of a dead disk or driver, becomes a failure; the others
    /// still run.
    /// </summary>
    public static async IAsyncEnumerable<Finding> RunAllAsync(
        IEnumerable<Check> checks, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var check in checks)
            foreach (var finding in await check.RunAsync(cancellationToken).ConfigureAwait(false)) yield return finding;
    }

    private async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return await Task.Run(() => Run(limit.Token), limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [
                Finding.Failure(
                    Name, $"no answer within {Patience.TotalSeconds:0} s",
                    "a driver, a program or a disk does not respond; the system's log may show which")
            ];
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return [
                Finding.Failure(
                    Name, $"could not be checked: {failure.Message.ReplaceLineEndings(" ")}",
                    "check whether the message names a missing file or permission")
            ];
        }
    }
}
