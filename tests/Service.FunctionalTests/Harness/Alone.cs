namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// Tests that keep a service busy for long, so they run one at a time. <c>./test</c> runs them in parallel with the others, which mostly
/// wait and run four at a time; the test program without arguments runs them last.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "alone")]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>
/// Tests of outages, which wait for minutes and need little CPU time. <c>./test</c> runs them one at a time in the process of those above.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "outages")]
public sealed class Outages
{
    public const string Name = "outages";
}

/// <summary>
/// Tests in which calls fail or lose their answers; they wait for thousands of answers one after the other. <c>./test</c> runs them in a
/// separate process, too.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
[Trait("runs", "faults")]
public sealed class LostAnswers
{
    public const string Name = "faults";
}
