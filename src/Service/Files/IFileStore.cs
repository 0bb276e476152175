namespace Locutor.Service.Files;

/// <summary>
/// The store of complete inputs and results. It uses the paths of <see cref="DataFolder"/>: <c>inputs/ID/NAME</c> and
/// <c>results/ID/NAME</c>, which contain only checked job ids.
/// </summary>
public interface IFileStore
{
    /// <summary>The name of the store in messages.</summary>
    string Name { get; }

    /// <summary>Whether the machines that share the store share the folder of unfinished work too.</summary>
    bool SharesWork { get; }

    /// <summary>
    /// Moves a finished file from the data folder into the store. When this returns the file is durable. A reader never sees a part of
    /// it.
    /// </summary>
    Task KeepAsync(string file, string path, string contentType, CancellationToken cancellationToken);

    /// <summary>Returns a path of the file on the local disk: its place in the store, or a copy in <paramref name="folder"/>.</summary>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    Task<string> OnDiskAsync(string path, string folder, CancellationToken cancellationToken);

    /// <summary>
    /// Returns the content of a small file that may be replaced at the same time: the whole of one version; null when it does not exist.
    /// </summary>
    Task<byte[]?> ReadAsync(string path, CancellationToken cancellationToken);

    /// <summary>Opens a file that is not replaced as a seekable stream for reading; null when it does not exist.</summary>
    Task<Stream?> OpenAsync(string path, CancellationToken cancellationToken);

    /// <summary>Returns, for each job with files in the store or unfinished work in the data folder, the time of the last write.</summary>
    Task<IReadOnlyDictionary<string, DateTimeOffset>> WrittenAsync(CancellationToken cancellationToken);

    /// <summary>Removes the inputs and results of a job.</summary>
    Task RemoveAsync(string jobId, CancellationToken cancellationToken);
}
