using Locutor.Files;
using Locutor.Generation.Requests;
using Locutor.Media;

namespace Locutor.Cli.Generate;

/// <summary>One video of a batch.</summary>
/// <param name="Name">Its name in messages, and the name of its file without an extension.</param>
/// <param name="Values">Fields of the request, as name and text; they replace options of the command line.</param>
/// <param name="Output">The name of its file in the folder of results; null for <paramref name="Name"/>.</param>
/// <param name="Source">The file that its text or its row was read from; null if there is none.</param>
internal sealed record BatchItem(
    string Name, IReadOnlyDictionary<string, string> Values, string? Output = null, string? Source = null);

/// <summary>
/// Reads the videos of <c>--batch</c>: the rows of a CSV file, whose first row names the fields, or the files of a folder, in which a
/// picture and a voice (or a text) with equal names make a video.
/// </summary>
internal static class BatchList
{
    private const string NameColumn = "name", OutputColumn = "output";

    /// <summary>Reads a batch.</summary>
    /// <param name="path">A folder or a CSV file.</param>
    /// <param name="hasPicture">Whether the command line names a picture for all videos.</param>
    /// <param name="hasVoice">Whether the command line names a voice or a text for all videos.</param>
    /// <exception cref="CommandException">The batch cannot be read, or is empty.</exception>
    public static IReadOnlyList<BatchItem> Read(string path, bool hasPicture, bool hasVoice)
    {
        try
        {
            var items = Directory.Exists(path) ? FromFolder(path, hasPicture, hasVoice) : FromFile(path);
            if (items.Count == 0) throw Wrong(path, "there is no video to make");
            if (items.GroupBy(item => item.Output ?? item.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw Wrong(path, $"two videos are named '{twice.Key}'; the column {OutputColumn} gives each a name of its own");
            return items;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            throw Wrong(path, FileFault.Describe(failure));
        }
    }

    private static List<BatchItem> FromFile(string path)
    {
        var rows = CsvFile.Rows(File.ReadAllText(path)).ToList();
        if (rows.Count == 0) return [];
        var columns = rows[0].Fields;
        string[] known = [.. VideoFields.All.Select(field => field.Name), NameColumn, OutputColumn];
        if (columns.FirstOrDefault(column => !known.Contains(column)) is { } unknown)
            throw Wrong(path, $"there is no column '{unknown}'{Suggestion.For(unknown, known)}; docs/requests.md lists the fields");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var items = new List<BatchItem>();
        foreach (var (line, fields) in rows.Skip(1))
        {
            if (fields.Count > columns.Count)
                throw Wrong(path, $"line {line}: expected {columns.Count} fields, found {fields.Count}; a text with commas needs quotes");
            var values = columns.Zip(fields).Where(pair => pair.Second.Length > 0).ToDictionary(pair => pair.First, pair => pair.Second);
            values.Remove(OutputColumn, out string? output);
            if (!values.Remove(NameColumn, out string? name))
                name = Path.GetFileNameWithoutExtension(output ?? values.GetValueOrDefault(VideoFields.Image.Name) ?? $"line-{line}");
            foreach (var field in VideoFields.All.OfType<FileField>().Where(field => values.ContainsKey(field.Name)))
                values[field.Name] = InFolder(folder, values[field.Name], $"{path}: line {line}: {field.Name}");
            items.Add(new(name, values, output, path));
        }

        return items;
    }

    /// <summary>Returns the path of a file that a list names: relative to the folder of the list, or an address.</summary>
    private static string InFolder(string folder, string file, string place) =>
        file == "-" ? throw new CommandException(ExitCodes.Usage, $"{place}: standard input cannot be an input of a batch")
        : file.Contains("://", StringComparison.Ordinal) ? file
        : Path.Combine(folder, file);

    private static List<BatchItem> FromFolder(string path, bool hasPicture, bool hasVoice)
    {
        var items = new List<BatchItem>();
        foreach (var files in Directory.EnumerateFiles(path).Where(file => !Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal).GroupBy(Path.GetFileNameWithoutExtension))
        {
            string? image = Find(files, MediaKind.Picture) ?? Find(files, MediaKind.Video), audio = Find(files, MediaKind.Audio);
            string? text = files.FirstOrDefault(file => Path.GetExtension(file).Equals(".txt", StringComparison.OrdinalIgnoreCase));
            if (hasPicture ? audio is null && text is null : hasVoice ? image is null : image is null && audio is null && text is null)
                continue;
            var values = new Dictionary<string, string>();
            if (!hasPicture)
                values[VideoFields.Image.Name] = image ?? throw Missing(path, files.Key!, "picture");
            if (!hasVoice && audio is not null) values[VideoFields.Audio.Name] = audio;
            else if (!hasVoice && text is not null) values[VideoFields.Text.Name] = SpokenText.Read(text);
            else if (!hasVoice) throw Missing(path, files.Key!, "voice or text");
            items.Add(new(files.Key!, values, Source: values.ContainsKey(VideoFields.Text.Name) ? text : null));
        }

        return items;
    }

    private static string? Find(IEnumerable<string> files, MediaKind kind) =>
        files.FirstOrDefault(file => MediaContainer.IsNamedLike(kind, file));

    private static CommandException Missing(string folder, string name, string what) =>
        Wrong(folder, $"there is no {what} for '{name}'; in a folder, the files of a video have the same name, such as {name}.png and " +
            $"{name}.mp3");

    private static CommandException Wrong(string path, string reason) => new(ExitCodes.BadInput, $"--batch {path}: {reason}");
}
