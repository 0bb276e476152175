using Locutor.Generation.Sampling;

namespace Locutor.Bench;

/// <summary>Options that keep the step caches of all clips, to count the skipped passes afterwards.</summary>
internal sealed record CountedStepCache(StepCacheOptions Inner) : StepCacheOptions
{
    public List<IStepCache> Made { get; } = [];

    public override string Name => Inner.Name;

    public override IStepCache Create()
    {
        Made.Add(Inner.Create());
        return Made[^1];
    }

    public int Skipped() => Made.Sum(made => made.Skipped);
}
