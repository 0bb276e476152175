namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>Tests that share one service, so that no class starts a service of its own. Each uses its own token.</summary>
[CollectionDefinition(Name)]
public sealed class Together : ICollectionFixture<SharedService>
{
    public const string Name = "together";
}
