namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// Tests that keep a service busy for long: they run one at a time. <c>./test</c> runs them beside the others, which mostly wait and run
/// four at a time; the program run by hand runs them last.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "alone")]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>
/// Tests of outages: they wait for minutes and need little processor time. So <c>./test</c> runs them in a program of their own.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "outages")]
public sealed class Outages
{
    public const string Name = "outages";
}

/// <summary>
/// Tests in which calls fail or lose their answers: they wait for thousands of answers one after the other. <c>./test</c> runs them in a
/// program of their own too.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "faults")]
public sealed class LostAnswers
{
    public const string Name = "faults";
}
