using Locutor.Jobs.Grains;
using Locutor.Jobs.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Locutor.Jobs.Tests;

/// <summary>Real connections between a silo and a client that show certificates.</summary>
public sealed class ClusterTlsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-tls-").FullName;

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_client_with_the_same_certificate_reaches_the_grains()
    {
        using var certificate = ClusterCertificate.LoadOrCreate(Path.Combine(folder, ClusterCertificate.FileName));
        int gateway = FreePort.Take();
        using var silo = Silo(gateway, certificate);
        await silo.StartAsync();
        using var client = Client(gateway, certificate);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.StartAsync(patience.Token);
        var queue = client.Services.GetRequiredService<IGrainFactory>().GetGrain<IQueueGrain>(IQueueGrain.Key);
        (await queue.StatisticsAsync()).Queued.ShouldBe(0);
        await client.StopAsync();
        await silo.StopAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_with_another_certificate_or_none_reaches_nothing(bool none)
    {
        using var certificate = ClusterCertificate.LoadOrCreate(Path.Combine(folder, ClusterCertificate.FileName));
        using var other = ClusterCertificate.LoadOrCreate(Path.Combine(folder, "other.pem"));
        int gateway = FreePort.Take();
        using var silo = Silo(gateway, certificate);
        await silo.StartAsync();
        using var client = Client(gateway, none ? null : other);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await Should.ThrowAsync<Exception>(client.StartAsync(patience.Token));
        await silo.StopAsync();
    }

    [Fact]
    public void Two_services_that_start_together_take_the_same_certificate()
    {
        string file = Path.Combine(folder, ClusterCertificate.FileName);
        string[] found = new string[8];
        Parallel.For(0, found.Length, i =>
        {
            using var certificate = ClusterCertificate.LoadOrCreate(file);
            found[i] = certificate.Thumbprint;
        });
        found.Distinct().ShouldHaveSingleItem();
        Directory.GetFiles(folder).ShouldBe([file]);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private IHost Silo(int gateway, ClusterCertificate certificate)
    {
        var builder = Builder();
        builder.AddJobs(
            new ClusterOptions { DataFolder = folder, SiloPort = FreePort.Take(), GatewayPort = gateway, Certificate = certificate },
            new JobsOptions());
        return builder.Build();
    }

    private static IHost Client(int gateway, ClusterCertificate? certificate)
    {
        var builder = Builder();
        builder.AddJobsClient([new GatewayName("localhost", gateway)], null, certificate);
        return builder.Build();
    }

    private static HostApplicationBuilder Builder()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Error);
        return builder;
    }
}
