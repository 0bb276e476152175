namespace Locutor.Jobs.Grains;

/// <summary>
/// Stores the orders of operators to workers, so that they survive the node of the queue. There is one grain, with the key <see
/// cref="Key"/>; only the queue calls it.
/// </summary>
public interface IWorkerOrdersGrain : IGrainWithStringKey
{
    const string Key = "orders";

    /// <summary>Returns the latest order to each worker that has one.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task<Dictionary<string, WorkerOrder>> ListAsync();

    /// <summary>Stores the latest order to a worker.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task SetAsync(string workerId, WorkerOrder order);

    /// <summary>Removes the orders to workers that have ended.</summary>
    [ResponseTimeout(Patience.BetweenGrains)] Task ForgetAsync(string[] workerIds);
}

/// <summary>The stored state of <see cref="WorkerOrdersGrain"/>.</summary>
public sealed class WorkerOrdersState
{
    public Dictionary<string, WorkerOrder> Orders { get; set; } = new(StringComparer.Ordinal);
}

/// <inheritdoc cref="IWorkerOrdersGrain"/>
public sealed class WorkerOrdersGrain([PersistentState("orders", JobsStorage.Name)] IPersistentState<WorkerOrdersState> state)
    : Grain, IWorkerOrdersGrain
{
    public Task<Dictionary<string, WorkerOrder>> ListAsync() =>
        Task.FromResult(new Dictionary<string, WorkerOrder>(state.State.Orders, StringComparer.Ordinal));

    public async Task SetAsync(string workerId, WorkerOrder order)
    {
        if (state.State.Orders.TryGetValue(workerId, out var known) && known == order)
            return;
        state.State.Orders[workerId] = order;
        await this.WriteOrReloadAsync(state.WriteStateAsync);
    }

    public async Task ForgetAsync(string[] workerIds)
    {
        int before = state.State.Orders.Count;
        foreach (string id in workerIds)
            state.State.Orders.Remove(id);
        if (state.State.Orders.Count < before)
            await this.WriteOrReloadAsync(state.WriteStateAsync);
    }
}
