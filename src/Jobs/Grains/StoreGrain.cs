namespace Locutor.Jobs.Grains;

/// <summary>
/// Keeps the identity of the file store that belongs to this database. There is one grain, with the key <see cref="Key"/>.
/// </summary>
public interface IStoreGrain : IGrainWithStringKey
{
    const string Key = "store";

    /// <summary>Returns the identity of the store, or null when no node has registered one yet.</summary>
    Task<string?> IdAsync();

    /// <summary>
    /// Registers the identity of the store unless one is registered already. Returns the valid identity and whether it is new.
    /// </summary>
    /// <param name="found">The identity that was found in the store; null creates a new one.</param>
    /// <param name="adopt">Whether to replace an identity that is registered already.</param>
    Task<StoreIdentityReply> AgreeAsync(string? found, bool adopt);
}

[GenerateSerializer, Immutable]
public sealed record StoreIdentityReply([property: Id(0)] string Id, [property: Id(1)] bool IsNew);

/// <summary>The state of <see cref="StoreGrain"/>.</summary>
public sealed class StoreState
{
    public string? Id { get; set; }
}

/// <inheritdoc cref="IStoreGrain"/>
public sealed class StoreGrain([PersistentState(StoreGrain.StateName, JobsStorage.Name)] IPersistentState<StoreState> state)
    : Grain, IStoreGrain
{
    internal const string StateName = "store";

    public Task<string?> IdAsync() => Task.FromResult(state.State.Id);

    public async Task<StoreIdentityReply> AgreeAsync(string? found, bool adopt)
    {
        if (state.State.Id is { } known && (!adopt || known == found))
            return new StoreIdentityReply(known, false);
        state.State.Id = found ?? Guid.NewGuid().ToString("N");
        await this.WriteOrReloadAsync(state.WriteStateAsync);
        return new StoreIdentityReply(state.State.Id, true);
    }
}
