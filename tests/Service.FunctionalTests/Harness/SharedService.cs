using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

[assembly: AssemblyFixture(typeof(OneService))]

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// One service for all tests of the program that leave no traces: a start costs as much CPU time as several tests. The first class that
/// needs it starts it. Of the private addresses, it may fetch from 127.0.0.2 only, which plays the internet.
/// </summary>
public sealed class OneService : IAsyncLifetime
{
    private readonly string trusted = Path.Combine(Path.GetTempPath(), $"locutor-trusted-{Guid.NewGuid():N}.pem");
    private readonly Lazy<Task<ServiceProcess>> started;

    public OneService() => started = new(StartAsync);

    /// <summary>The certificate of 127.0.0.2; the service trusts this one and no other.</summary>
    public X509Certificate2 Certificate { get; } = MakeCertificate();

    public Task<ServiceProcess> GetAsync() => started.Value;

    /// <summary>Starts another service with the same settings, for a class that counts the files of all jobs.</summary>
    public async Task<ServiceProcess> StartAsync()
    {
        await File.WriteAllTextAsync(trusted, Certificate.ExportCertificatePem());
        return await ServiceProcess.StartAsync(
            new Dictionary<string, string> { ["SSL_CERT_FILE"] = trusted },
            "--set", "stub_seconds=0.2", "--set", "workers=cpu,cpu", "--set", "allow_addresses=127.0.0.2/32", "--set", "fetch_seconds=9",
            "--set", "fetch_idle_seconds=5", "--set", "max_input_mb=20", "--set", "submits_per_minute=100000",
            "--set", "requests_per_minute=1000000");
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (started.IsValueCreated && started.Value.IsCompletedSuccessfully)
            await (await started.Value).DisposeAsync();
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

/// <summary>
/// <see cref="OneService"/> with a token for the tests of one class (IClassFixture). Classes run in parallel, and none sees the jobs of
/// another, since each has its own token.
/// </summary>
public sealed class SharedService(OneService one) : IAsyncLifetime
{
    public ServiceProcess Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

    /// <summary>The certificate of 127.0.0.2.</summary>
    public X509Certificate2 Certificate => one.Certificate;

    public async ValueTask InitializeAsync()
    {
        Service = await one.GetAsync();
        Client = Service.CreateClient(TokenScopes.All, "tests");
    }

    public ValueTask DisposeAsync()
    {
        Client.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A service with the settings of <see cref="OneService"/> for one class, whose tests count the files of all jobs.</summary>
public sealed class OwnService(OneService one) : IAsyncLifetime
{
    public ServiceProcess Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await one.StartAsync();
        Client = Service.CreateClient(TokenScopes.All, "tests");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Service.DisposeAsync();
    }
}
