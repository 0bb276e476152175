namespace Locutor.Networks.Teams;

/// <summary>
/// Division of the passes of a step over devices: groups compute different passes, and the devices of a group divide the tokens of one.
/// </summary>
/// <param name="Groups">Number of groups.</param>
/// <param name="GroupSize">Devices of a group; it divides the number of heads.</param>
public readonly record struct PassPlan(int Groups, int GroupSize)
{
    /// <summary>Number of devices that compute.</summary>
    public int Devices => Groups * GroupSize;

    /// <summary>
    /// Chooses the plan with the shortest step. Groups exchange one latent a step and the devices of a group exchange every attention, so
    /// of equal plans the one with more groups is chosen.
    /// </summary>
    /// <param name="passes">Passes of the step.</param>
    /// <param name="devices">Number of devices.</param>
    /// <param name="heads">Heads of the attention.</param>
    /// <param name="largestGroup">Most devices that can divide the tokens of a pass.</param>
    public static PassPlan Choose(int passes, int devices, int heads, int largestGroup)
    {
        var plans =
            from groups in Enumerable.Range(1, Math.Min(passes, devices))
            from size in Enumerable.Range(1, Math.Min(devices / groups, largestGroup))
            where heads % size == 0
            select new PassPlan(groups, size);
        return plans.OrderBy(plan => (double)plan.Rounds(passes) / plan.GroupSize).ThenByDescending(plan => plan.Groups).First();
    }

    /// <summary>Returns the place of a pass, counted from 0.</summary>
    public PassPlace PlaceOf(int pass) => new(pass % Groups * GroupSize, GroupSize);

    /// <summary>Passes that a group computes one after the other.</summary>
    private int Rounds(int passes) => (passes + Groups - 1) / Groups;
}

/// <summary>The devices that compute a pass.</summary>
/// <param name="First">Number of the first device.</param>
/// <param name="Count">Number of devices.</param>
public readonly record struct PassPlace(int First, int Count)
{
    public bool Contains(int device) => device >= First && device < First + Count;
}
