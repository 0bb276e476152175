using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Hosting;

/// <summary>
/// Retries the connection of a worker to the nodes. It logs the first failure at once and repeats the message from time to time.
/// </summary>
internal sealed partial class GatewayWait(
    IHostApplicationLifetime life, TimeProvider time, ILogger<GatewayWait> logger,
    ClusterCertificate? certificate = null) : IClientConnectionRetryFilter, IClusterConnectionStatusObserver
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private const int SayEvery = 30;
    private int tries;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (tries++ % SayEvery == 0)
        {
            LogWaiting(exception.Message.ReplaceLineEndings(" ") + (
                certificate is null ? " (this worker has no certificate because of cluster_tls=false; a node with one refuses it)" : ""));
        }

        await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellationToken.IsCancellationRequested;
    }

    public void NotifyClusterConnectionLost()
    {
        if (!life.ApplicationStopping.IsCancellationRequested)
            LogLost();
    }

    public void NotifyGatewayCountChanged(int currentNumberOfGateways, int previousNumberOfGateways, bool connectionRecovered)
    {
        if (connectionRecovered)
            LogFound();
    }

    [LoggerMessage(LogLevel.Warning, "this worker waits for a node of the service: {Reason}")]
    private partial void LogWaiting(string reason);

    [LoggerMessage(LogLevel.Warning, "this worker has lost every node of the service and waits for one")]
    private partial void LogLost();

    [LoggerMessage(LogLevel.Information, "this worker has found a node of the service")]
    private partial void LogFound();
}
