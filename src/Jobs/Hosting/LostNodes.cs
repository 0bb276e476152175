using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Locutor.Jobs.Hosting;

/// <summary>
/// Declares a node lost as soon as its machine refuses connections to its port, which means that its process has ended. The probes of
/// Orleans need seconds to find this out, and a node that starts when all others are lost would wait until their rows in the database are
/// old. The probes still find machines that do not answer at all.
/// </summary>
internal sealed partial class LostNodes(
    IClusterMembershipService members, ILocalSiloDetails self, TimeProvider time, ILogger<LostNodes> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly TimeSpan UsualJoin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // The operating system needs a moment to close all connections and ports of a killed process, so the port is tried again.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.5)];

    private readonly CancellationTokenSource ending = new();
    private readonly SemaphoreSlim connectionEnded = new(0, 1);
    private volatile bool joined;
    private Task watching = Task.CompletedTask;

    public static void Use(ISiloBuilder silo)
    {
        silo.Services.AddSingleton<LostNodes>().AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            services => services.GetRequiredService<LostNodes>());
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<IServiceProvider>((connections, services) =>
        {
            // Resolved late: this class needs the cluster membership, and the membership needs connections.
            ConnectionDelegate Watch(ConnectionDelegate next) =>
                connection => services.GetRequiredService<LostNodes>().WatchAsync(next, connection);
            connections.ConfigureSiloInboundConnection(connection => connection.Use(Watch));
            connections.ConfigureSiloOutboundConnection(connection => connection.Use(Watch));
        });
    }

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(LostNodes), ServiceLifecycleStage.ApplicationServices, _ =>
        {
            watching = Task.Run(() => RunAsync(ending.Token), CancellationToken.None);
            return Task.CompletedTask;
        }, async _ =>
        {
            await ending.CancelAsync();
            await watching;
        });
        lifecycle.Subscribe(nameof(LostNodes), ServiceLifecycleStage.Active, _ =>
        {
            joined = true;
            return Task.CompletedTask;
        });
    }

    public void Dispose()
    {
        ending.Dispose();
        connectionEnded.Dispose();
    }

    private async Task WatchAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        try
        {
            await next(connection);
        }
        finally
        {
            Look();
        }
    }

    private void Look()
    {
        try
        {
            connectionEnded.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // A check is already requested, or this node is stopping.
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (joined)
                    await AfterConnectionAsync(cancellationToken);
                else
                    await Task.Delay(UsualJoin, time, cancellationToken);
                if (!joined)
                    await RemoveLostAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFailed(exception.Message);
            }
        }
    }

    private async Task AfterConnectionAsync(CancellationToken cancellationToken)
    {
        await connectionEnded.WaitAsync(cancellationToken);
        foreach (var pause in Pauses)
        {
            await Task.Delay(pause, time, cancellationToken);
            if (await RemoveLostAsync(cancellationToken))
                return;
        }
    }

    /// <summary>Declares the lost nodes dead. Returns whether there was any.</summary>
    private async Task<bool> RemoveLostAsync(CancellationToken cancellationToken)
    {
        var others = members.CurrentSnapshot.Members.Values
            .Where(member => member.Status is SiloStatus.Active && !member.SiloAddress.Equals(self.SiloAddress))
            .Select(member => member.SiloAddress).ToArray();
        bool lost = false;
        foreach (var node in others)
        {
            if (!await RefusesAsync(node.Endpoint, cancellationToken) || !await RefusesAsync(node.Endpoint, cancellationToken))
                continue;
            LogLost(node);
            lost |= await members.TryKill(node);
        }
        return lost;
    }

    private static async Task<bool> RefusesAsync(IPEndPoint node, CancellationToken cancellationToken)
    {
        using var socket = new Socket(node.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await socket.ConnectAsync(node, patience.Token);
            return false;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode is SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "the node at {Node} has ended unexpectedly: other nodes take over its jobs")]
    private partial void LogLost(SiloAddress node);

    [LoggerMessage(LogLevel.Warning, "could not find out whether nodes are lost: {Reason}")]
    private partial void LogFailed(string reason);
}
