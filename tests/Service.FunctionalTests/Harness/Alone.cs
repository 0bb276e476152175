namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>Tests that keep every core busy, or measure: nothing else runs beside them. All others mostly wait, two at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
