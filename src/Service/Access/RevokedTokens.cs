using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Settings;

namespace Locutor.Service.Access;

/// <summary>Cancels the jobs of tokens that were revoked together with their jobs.</summary>
internal sealed partial class RevokedTokens(
    IGrainFactory grains, TokenStore tokens, TimeProvider time, ServeSettings settings, ILogger<RevokedTokens> logger)
{
    public async Task CancelJobsAsync(CancellationToken cancellationToken)
    {
        foreach (string key in tokens.WithJobsToCancel())
        {
            int canceled = 0;
            foreach (string? id in (await grains.GetGrain<ITokenIndexGrain>(key).OpenAsync()).Select(entry => entry.Id))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (await grains.GetGrain<IJobGrain>(id).GetAsync() is { } job && !job.Status.IsTerminal())
                {
                    await grains.GetGrain<IJobGrain>(id).CancelAsync();
                    canceled++;
                }
            }
            if (canceled > 0)
                LogCanceled(key, canceled);
            // An upload that began before the revocation may still become a job, so the token is checked until no such upload can remain.
            tokens.JobsCanceled(key, time.GetUtcNow() - TimeSpan.FromMinutes(settings.UploadMinutes) - TimeSpan.FromMinutes(1));
        }
    }

    [LoggerMessage(LogLevel.Information, "the token {Key} was revoked, and {Count} of its jobs were canceled")]
    private partial void LogCanceled(string key, int count);
}
