using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Connections.Security;

namespace Locutor.Jobs.Hosting;

/// <summary>Mutual TLS between nodes and workers, with one certificate for all of them.</summary>
internal sealed partial class ClusterTls(ClusterCertificate certificate, ILogger<ClusterTls> logger)
{
    // A machine that is busy starting several programs takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static void Use(ISiloBuilder silo, ClusterCertificate certificate)
    {
        silo.Services.AddSingleton(certificate).AddSingleton<ClusterTls>();
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<ClusterTls>((connections, tls) =>
        {
            connections.ConfigureSiloInboundConnection(connection => connection.UseServerTls(tls.Options()));
            connections.ConfigureGatewayInboundConnection(connection => connection.UseServerTls(tls.Options()));
            connections.ConfigureSiloOutboundConnection(connection => connection.UseClientTls(tls.Options()));
        });
    }

    public static void Use(IClientBuilder client, ClusterCertificate certificate)
    {
        client.Services.AddSingleton(certificate).AddSingleton<ClusterTls>();
        client.Services.AddOptions<ClientConnectionOptions>().Configure<ClusterTls>((connections, tls) =>
            connections.ConfigureConnection(connection => connection.UseClientTls(tls.Options())));
    }

    private TlsOptions Options()
    {
        var options = new TlsOptions();
        options.LocalCertificate = certificate.Certificate;
        options.LocalClientCertificateSelector = (_, _, _, _, _) => certificate.Certificate;
        options.HandshakeTimeout = Patience;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (other, _, _) => Accept(other);
        options.OnAuthenticateAsClient = static (_, authentication) => authentication.TargetHost = "locutor";
        return options;
    }

    private bool Accept(X509Certificate? other)
    {
        if (certificate.Matches(other))
            return true;
        LogRefused(certificate.File);
        return false;
    }

    [LoggerMessage(LogLevel.Warning, "the other end of a connection shows another certificate than {File}: it is refused. Every node and worker needs the same file")]
    private partial void LogRefused(string file);
}
