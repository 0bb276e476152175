using System.Text;
using System.Text.RegularExpressions;
using Locutor.Service.Files;

namespace Locutor.Service.Workers;

/// <summary>
/// Passes the finished clips of an interrupted attempt to the next worker through the store, for machines that share no data folder. The
/// list of clips is stored last, so a next worker finds all of them or none. They are removed with the files of the job.
/// </summary>
internal sealed partial class ClipHandover(IFileStore store, DataFolder folder)
{
    /// <summary>Time limit for storing the clips when the worker is about to end.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const string List = "clips.txt";

    /// <summary>Stores the clips in the folder of unfinished work.</summary>
    public async Task SaveAsync(string jobId, CancellationToken cancellationToken)
    {
        string work = folder.WorkFolder(jobId);
        if (store.SharesWork || !Directory.Exists(work))
            return;
        string[] names = [.. Directory.EnumerateFiles(work).Select(file => Path.GetFileName(file)).Where(name => ClipName().IsMatch(name))];
        foreach (string name in names)
        {
            string aside = folder.Aside();
            try
            {
                File.Copy(Path.Combine(work, name), aside);
                await store.KeepAsync(aside, DataFolder.ResultPath(jobId, name), "application/octet-stream", cancellationToken);
            }
            finally
            {
                File.Delete(aside);
            }
        }
        if (names.Length > 0)
        {
            byte[] list = Encoding.ASCII.GetBytes(string.Join('\n', names));
            await store.KeepAsync(folder, list, DataFolder.ResultPath(jobId, List), "text/plain", cancellationToken);
        }
    }

    /// <summary>Copies the stored clips into the folder of unfinished work. Existing clips are kept.</summary>
    public async Task LoadAsync(string jobId, CancellationToken cancellationToken)
    {
        if (store.SharesWork || await store.ReadAsync(DataFolder.ResultPath(jobId, List), cancellationToken) is not { } list)
            return;
        foreach (string name in Encoding.ASCII.GetString(list).Split('\n').Where(name => ClipName().IsMatch(name)))
            await store.OnDiskAsync(DataFolder.ResultPath(jobId, name), folder.WorkFolder(jobId), cancellationToken);
    }

    [GeneratedRegex(@"\Aclip-[0-9A-Za-z-]{1,40}\z")]
    private static partial Regex ClipName();
}
