using Locutor.Generation.Sampling;

namespace Locutor.Bench;

/// <summary>Keeps the caches of all clips, to ask them how much they skipped.</summary>
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
