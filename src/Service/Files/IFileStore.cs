namespace Locutor.Service.Files;

/// <summary>
/// Where inputs and results are kept once they are whole. Paths are those of <see cref="DataFolder"/>: <c>inputs/ID/NAME</c> and
/// <c>results/ID/NAME</c>, made from checked job ids only.
/// </summary>
public interface IFileStore
{
    /// <summary>The name of the store in messages.</summary>
    string Name { get; }

    /// <summary>Takes a finished file out of the data folder for good; it is durable when this returns, and nobody sees a part of it.</summary>
    Task KeepAsync(string file, string path, string contentType, CancellationToken cancellation);

    /// <summary>The file on this machine's disk: where it is kept, or a copy in <paramref name="folder"/>.</summary>
    /// <exception cref="IOException">It is not there, or cannot be had.</exception>
    Task<string> OnDiskAsync(string path, string folder, CancellationToken cancellation);

    /// <summary>The file for reading, with a length and a position that can be set; null when it is not there.</summary>
    Task<Stream?> OpenAsync(string path, CancellationToken cancellation);

    /// <summary>When something was last kept for each job that has anything here or unfinished work in the data folder.</summary>
    Task<IReadOnlyDictionary<string, DateTimeOffset>> WrittenAsync(CancellationToken cancellation);

    /// <summary>Removes the inputs and results of a job.</summary>
    Task RemoveAsync(string jobId, CancellationToken cancellation);
}
