using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>One service with the bundled model, for requests that are checked and not run.</summary>
[CollectionDefinition(Collection)]
public sealed class SketchService : IAsyncLifetime, ICollectionFixture<SketchService>
{
    public const string Collection = "sketch";

    public AdapterStore Adapters { get; } = new();

    public LocalService Service { get; private set; } = null!;

    public TokenClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await LocalService.StartRealAsync(
            Adapters.Environment, "--set", "model=sketch", "--set", "submits_per_minute=100000",
            "--set", "requests_per_minute=1000000", "--set", "max_queued_per_token=100000");
        Client = Service.CreateClient(TokenScopes.All);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Service.DisposeAsync();
        Adapters.Dispose();
    }
}
