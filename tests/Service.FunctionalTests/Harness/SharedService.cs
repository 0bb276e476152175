using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// One service for all tests of a class (IClassFixture), for tests that leave no traces. Classes run in parallel, so none sees jobs of
/// another. It may fetch from 127.0.0.2 (which stands for the internet) and nowhere else inside.
/// </summary>
public sealed class SharedService : IAsyncLifetime
{
    private readonly string trusted = Path.Combine(Path.GetTempPath(), $"locutor-trusted-{Guid.NewGuid():N}.pem");

    public ServiceProcess Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

    /// <summary>The certificate of 127.0.0.2; the service trusts this one and no other.</summary>
    public X509Certificate2 Certificate { get; } = MakeCertificate();

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(trusted, Certificate.ExportCertificatePem());
        Service = await ServiceProcess.StartAsync(
            new Dictionary<string, string> { ["SSL_CERT_FILE"] = trusted },
            "--set", "stub_seconds=0.2", "--set", "allow_addresses=127.0.0.2/32", "--set", "fetch_seconds=9", "--set",
            "fetch_idle_seconds=5",
            "--set", "max_input_mb=20", "--set", "submits_per_minute=100000", "--set", "requests_per_minute=1000000");
        Client = await Service.TokenAsync("--name", "tests", "--scopes", "all");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Service.DisposeAsync();
        Certificate.Dispose();
        File.Delete(trusted);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.2", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse("127.0.0.2"));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
