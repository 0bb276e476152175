using Locutor.Cli.Generate;

namespace Locutor.Cli.Client;

/// <summary>Follows a job until it has ended and shows its progress. Ctrl-C ends this command; the job itself continues.</summary>
/// <param name="client">The service.</param>
/// <param name="json">Whether every change is printed as a JSON object on standard output.</param>
/// <param name="quiet">Whether nothing but a failure is printed.</param>
/// <param name="told">The notice about the inputs that was already printed; null if no notice was printed.</param>
internal sealed class JobWatch(ServiceClient client, bool json, bool quiet, string? told = null)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly bool live = Terminal.CanRedraw;
    private string last = "";
    private string? told = told;

    /// <summary>Waits for the end of a job.</summary>
    /// <exception cref="CommandException">The job failed, was canceled, or its result has expired.</exception>
    public async Task<RemoteJob> UntilOverAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            for (; ; await Task.Delay(Pause, cancellationToken))
            {
                var job = await client.FindAsync(id, cancellationToken);
                Tell(job);
                Show(job);
                if (job.IsOver) return job.Status == "succeeded" ? job : throw Failure(job);
            }
        }
        catch (OperationCanceledException) when (!quiet)
        {
            Erase();
            await Console.Error.WriteLineAsync(
                $"{id} continues; 'locutor watch {id}' follows it, 'locutor cancel {id}' stops it");
            throw;
        }
        finally
        {
            Erase();
        }
    }

    private void Erase()
    {
        if (live && !json && !quiet) Console.Error.Write(Terminal.EraseLine);
    }

    /// <summary>Prints a notice about the inputs when it is new.</summary>
    private void Tell(RemoteJob job)
    {
        if (json || quiet || job.Notice is not { } notice || notice == told) return;
        Erase();
        Console.Error.WriteLine($"note: {told = notice}");
    }

    private void Show(RemoteJob job)
    {
        if (json)
        {
            if (job.Json.GetRawText() is var text && text != last) Console.WriteLine(last = text);
            return;
        }

        if (quiet || job.IsOver) return;
        var progress = job.ToProgress();
        if (live)
        {
            Console.Error.Write(Terminal.EraseLine + (job.Status == "queued"
                ? Cut(Waiting(job))
                : ProgressBar.Draw(progress, job.Left, Terminal.Width, Terminal.HasColours)));
            return;
        }

        string line = job.Status == "queued" ? Waiting(job)
            : Report.Words(progress.Stage) + (progress.Clip > 0 ? $", clip {progress.Clip} of {progress.Clips}" : "");
        if (line != last) Console.Error.WriteLine(last = line);
    }

    private static string Waiting(RemoteJob job) => job.WaitsFor is { } reason ? $"waiting: {reason}"
        : job.QueuePosition is { } place ? $"waiting, place {place} in the queue"
        : "waiting";

    private static string Cut(string line) => line.Length < Terminal.Width ? line : line[..(Terminal.Width - 1)];

    private static CommandException Failure(RemoteJob job) => job.Error is { } error
        ? new(
            error.Code is "fetch_failed" or "address_blocked" or "unsupported_media" or "too_large" or "audio_too_short"
                ? ExitCodes.BadInput
                : ExitCodes.Internal, $"{job.Id}: {error.Code}: {error.Message}")
        : new(ExitCodes.Internal, $"{job.Id} is {job.Status}");
}
