namespace Locutor.Media.Probing;

/// <summary>
/// The last reports of ffprobe, or measurements by ffmpeg. An input is described when it is checked and again when it is read; each start
/// of such a program takes 50 ms of CPU time.
/// </summary>
internal sealed class RecentReports
{
    private const int Most = 16, LargestReport = 64 << 10;
    private readonly Lock guard = new();
    private readonly List<(Key Key, byte[] Report)> reports = []; // the newest last

    /// <summary>
    /// Returns the report of a file. It is made if there is none yet or the file has changed since, and kept unless the file changes
    /// meanwhile.
    /// </summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="arguments">Arguments of ffprobe or ffmpeg.</param>
    /// <param name="makeAsync">Makes the report.</param>
    public async Task<byte[]> GetAsync(string path, string[] arguments, Func<Task<byte[]>> makeAsync)
    {
        var key = Key.Read(path, arguments);
        if (Find(key) is { } known) return known;
        byte[] report = await makeAsync().ConfigureAwait(false);
        if (Key.Read(path, arguments) == key) Add(key, report);
        return report;
    }

    /// <summary>Returns the report of a file that has not changed since; null if there is none.</summary>
    public byte[]? Find(Key key)
    {
        lock (guard)
        {
            int place = reports.FindIndex(one => one.Key == key);
            return place < 0 ? null : reports[place].Report;
        }
    }

    /// <summary>Keeps a report in place of the oldest one.</summary>
    public void Add(Key key, byte[] report)
    {
        if (report.Length > LargestReport) return;
        lock (guard)
        {
            reports.RemoveAll(one => one.Key.Path == key.Path);
            if (reports.Count == Most) reports.RemoveAt(0);
            reports.Add((key, report));
        }
    }

    /// <summary>A state of a file, and how it is described.</summary>
    /// <param name="Path">Absolute path.</param>
    /// <param name="Bytes">Length.</param>
    /// <param name="Written">Time of the last write.</param>
    /// <param name="Arguments">Arguments of ffprobe or ffmpeg.</param>
    public readonly record struct Key(string Path, long Bytes, DateTime Written, string Arguments)
    {
        /// <summary>Returns the key of a file as it is now.</summary>
        public static Key Read(string path, IEnumerable<string> arguments)
        {
            var file = new FileInfo(path);
            return new Key(path, file.Exists ? file.Length : 0, file.LastWriteTimeUtc, string.Join('\n', arguments));
        }
    }
}
