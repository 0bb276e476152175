using Locutor.Files;

namespace Locutor.Cli.Generate;

/// <summary>
/// The spoken text as a file of the user (<c>--sound-path</c>). It is written under a temporary name before the video is made and gets its
/// name after that: if one of the two cannot be written, there is neither.
/// </summary>
internal sealed class SoundFile : IDisposable
{
    private readonly string path;
    private readonly AtomicFile file;

    private SoundFile(string path, AtomicFile file) => (this.path, this.file) = (path, file);

    /// <summary>Copies a sound next to the place where it will be.</summary>
    /// <param name="sound">The sound to copy.</param>
    /// <param name="path">The path that the user gave.</param>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static SoundFile Write(string sound, string path) => Attempt(path, () =>
    {
        var file = AtomicFile.Create(path);
        try
        {
            file.CopyFrom(sound);
            return new SoundFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    });

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public void Keep() => Attempt(path, () =>
    {
        file.Commit();
        return this;
    });

    public void Dispose() => file.Dispose();

    private static SoundFile Attempt(string path, Func<SoundFile> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw WritablePath.Refused(path, FileFault.Describe(failure));
        }
    }
}
