using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Connections.Security;

namespace Locutor.Jobs.Hosting;

/// <summary>Mutual TLS between nodes and workers, with one certificate for all of them.</summary>
internal sealed partial class ClusterTls(
    ClusterCertificate certificate, IHostApplicationLifetime life, TimeProvider time, ILogger<ClusterTls> logger)
{
    // This is long enough for a machine that is busy starting several programs. The time of a connection includes its handshake.
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(10);

    private readonly Lock saying = new();
    private long? said;

    public static void Use(ISiloBuilder silo, ClusterCertificate certificate)
    {
        silo.Services.AddSingleton(certificate).AddSingleton<ClusterTls>();
        silo.Configure<ConnectionOptions>(connections => connections.OpenConnectionTimeout = HandshakePatience);
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<ClusterTls>((connections, tls) =>
        {
            connections.ConfigureSiloInboundConnection(connection => connection.Use(tls.Tell).UseServerTls(tls.Options()));
            connections.ConfigureGatewayInboundConnection(connection => connection.Use(tls.Tell).UseServerTls(tls.Options()));
            connections.ConfigureSiloOutboundConnection(connection => connection.Use(tls.Tell).UseClientTls(tls.Options()));
        });
    }

    public static void Use(IClientBuilder client, ClusterCertificate certificate)
    {
        client.Services.AddSingleton(certificate).AddSingleton<ClusterTls>();
        client.Configure<ConnectionOptions>(connections => connections.OpenConnectionTimeout = HandshakePatience);
        client.Services.AddOptions<ClientConnectionOptions>().Configure<ClusterTls>((connections, tls) =>
            connections.ConfigureConnection(connection => connection.Use(tls.Tell).UseClientTls(tls.Options())));
    }

    private TlsOptions Options()
    {
        var options = new TlsOptions();
        options.LocalCertificate = certificate.Certificate;
        options.LocalClientCertificateSelector = (_, _, _, _, _) => certificate.Certificate;
        options.HandshakeTimeout = HandshakePatience;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (other, _, _) => certificate.Matches(other);
        options.OnAuthenticateAsClient = static (_, authentication) => authentication.TargetHost = "locutor";
        return options;
    }

    /// <summary>Logs why a TLS connection was closed, in words for operators; the library reports it only in a debug log.</summary>
    private ConnectionDelegate Tell(ConnectionDelegate next) => async connection =>
    {
        long start = time.GetTimestamp();
        try
        {
            await next(connection);
        }
        finally
        {
            bool isAccepted = connection.Features.Get<ITlsConnectionFeature>()?.RemoteCertificate is not null;
            if (!isAccepted && !life.ApplicationStopping.IsCancellationRequested && IsTime())
            {
                var took = time.GetElapsedTime(start); // less than the patience where connecting took some of it
                if (took < HandshakePatience / 2) LogRefused(connection.RemoteEndPoint, certificate.File);
                else LogSilent(connection.RemoteEndPoint, Math.Round(took.TotalSeconds));
            }
        }
    };

    /// <summary>Limits how often a refusal is logged, since a refused node or worker retries all the time.</summary>
    private bool IsTime()
    {
        lock (saying)
        {
            if (this.said is { } said && time.GetElapsedTime(said) < SayEvery)
                return false;
            this.said = time.GetTimestamp();
            return true;
        }
    }

    [LoggerMessage(
        LogLevel.Warning,
        "a connection with {Other} is refused: the other end has a certificate that differs from {File}, or none. Every node and worker " +
        "needs the same file, and the same cluster_tls")]
    private partial void LogRefused(EndPoint? other, string file);

    [LoggerMessage(
        LogLevel.Warning,
        "a connection with {Other} is closed: the other end did not answer for {Seconds} s. It is overloaded, or no node or worker")]
    private partial void LogSilent(EndPoint? other, double seconds);
}
