namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>One service for all tests that leave no traces. It may fetch from 127.0.0.2 (which stands for the internet) and nowhere else inside.</summary>
public sealed class SharedService : IAsyncLifetime
{
    public ServiceProcess Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceProcess.StartAsync(
            "--set", "stub_seconds=0.2", "--set", "allow_addresses=127.0.0.2/32", "--set", "fetch_seconds=4", "--set", "fetch_idle_seconds=1.5",
            "--set", "max_input_mb=20", "--set", "submits_per_minute=100000", "--set", "requests_per_minute=1000000");
        Client = await Service.TokenAsync("--name", "tests", "--scopes", "all");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Service.DisposeAsync();
    }
}

[CollectionDefinition("shared service")]
public sealed class SharedServiceCollection : ICollectionFixture<SharedService>;
