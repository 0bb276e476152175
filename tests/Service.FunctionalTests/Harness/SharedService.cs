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
    private readonly Lazy<Task<LocalService>> started = new(StartAsync);

    public Task<LocalService> GetAsync() => started.Value;

    /// <summary>Starts another service with the same settings, for a class that counts the files of all jobs.</summary>
    public static Task<LocalService> StartAsync() => LocalService.StartAsync(
        "--set", "stub_seconds=0.2", "--set", "workers=cpu,cpu", "--set", "allow_addresses=127.0.0.2/32", "--set", "fetch_seconds=9",
        "--set", "fetch_idle_seconds=5", "--set", "max_input_mb=20", "--set", "submits_per_minute=100000",
        "--set", "requests_per_minute=1000000");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (started.IsValueCreated && started.Value.IsCompletedSuccessfully)
            await (await started.Value).DisposeAsync();
    }
}

/// <summary>
/// <see cref="OneService"/> with a token for the tests of one class (IClassFixture). Classes run in parallel, and none sees the jobs of
/// another, since each has its own token.
/// </summary>
public sealed class SharedService(OneService one) : IAsyncLifetime
{
    public LocalService Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

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
public sealed class OwnService : IAsyncLifetime
{
    public LocalService Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await OneService.StartAsync();
        Client = Service.CreateClient(TokenScopes.All, "tests");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Service.DisposeAsync();
    }
}
