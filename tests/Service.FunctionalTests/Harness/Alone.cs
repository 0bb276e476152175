namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// Tests that keep every core busy, or measure: they run one at a time, after all others. The others mostly wait, four at a time.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
