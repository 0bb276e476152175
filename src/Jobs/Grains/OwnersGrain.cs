
namespace Locutor.Jobs.Grains;

/// <summary>The stored state of <see cref="OwnersGrain"/>.</summary>
public sealed class OwnersState
{
    public SortedSet<string> Owners { get; set; } = new(StringComparer.Ordinal);
}

/// <inheritdoc cref="IOwnersGrain"/>
public sealed class OwnersGrain([PersistentState("owners", JobsStorage.Name)] IPersistentState<OwnersState> state) : Grain, IOwnersGrain
{
    public async Task AddAsync(string owner)
    {
        if (!state.State.Owners.Add(owner))
            return;
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            // Memory and disk may differ now; the next call reads what is on disk.
            state.State.Owners.Remove(owner);
            DeactivateOnIdle();
            throw;
        }
    }

    public Task<string[]> ListAsync() => Task.FromResult(state.State.Owners.ToArray());
}
