namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// Tests that keep a service busy for long, or wait for outages: they run one at a time. <c>./test</c> runs them beside the others, which
/// mostly wait and run four at a time; the program run by hand runs them last.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "alone")]
public sealed class Alone
{
    public const string Name = "alone";
}
