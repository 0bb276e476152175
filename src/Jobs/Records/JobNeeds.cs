namespace Locutor.Jobs.Records;

/// <summary>The needs of a job: the model and the memory that its worker must have.</summary>
/// <param name="Model">The model that the worker must have; null for any, in older records.</param>
/// <param name="MemoryGiB">The least memory of the worker's device; 0 for any.</param>
public readonly record struct JobNeeds(string? Model, double MemoryGiB)
{
    public static JobNeeds From(JobRequest request) => new(request.ModelName, request.MinMemoryGiB);
}

/// <summary>The models that a worker can run, and the memory of its device.</summary>
/// <param name="Models">The models whose files the worker has; null for every model.</param>
/// <param name="MemoryGiB">The memory of each of its devices; 0 when it is not known, which suffices for every job.</param>
/// <param name="Gpus">The number of devices that compute one video together. Usage counts each of them.</param>
[GenerateSerializer, Immutable]
public sealed record WorkerOffer(
    [property: Id(0)] string[]? Models = null, [property: Id(1)] double MemoryGiB = 0, [property: Id(2)] int Gpus = 1)
{
    /// <summary>The offer of a worker that can run every job.</summary>
    public static WorkerOffer Everything { get; } = new();

    public bool Fits(JobNeeds needs) => HasModel(needs.Model) && HasMemory(needs.MemoryGiB);

    public bool HasModel(string? model) => Models is null || model is null || Models.Contains(model);

    public bool HasMemory(double gib) => MemoryGiB == 0 || gib <= MemoryGiB;
}
