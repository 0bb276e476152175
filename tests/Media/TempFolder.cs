using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Xunit.v3;

namespace Locutor.Media.Tests;

/// <summary>A folder of its own for one test or the tests of a class, and the real tools to fill it.</summary>
public sealed class TempFolder : IDisposable
{
    /// <summary>
    /// Files by extension and arguments. Many tests want the same file, and each start of ffmpeg takes 50 ms of CPU time for its libraries.
    /// </summary>
    private static readonly ConcurrentDictionary<(string Extension, string Arguments), Lazy<Task<byte[]>>> Made = new();

    /// <summary>Files of all rows of a theory, see <see cref="MakeRowAsync"/>.</summary>
    private static readonly ConcurrentDictionary<MethodInfo, Lazy<Task<byte[][]>>> Rows = new();

    public string Path { get; } = Directory.CreateTempSubdirectory("locutor media ").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Returns a file that ffmpeg makes; <paramref name="arguments"/> are split at blanks.</summary>
    public async Task<string> MakeAsync(string name, string arguments)
    {
        string path = this[name];
        var made = Made.GetOrAdd((System.IO.Path.GetExtension(name), arguments), _ => new(() => EncodeAsync(path, arguments)));
        await File.WriteAllBytesAsync(path, await made.Value);
        return path;
    }

    /// <summary>
    /// Like <see cref="MakeAsync"/>, for a folder that the tests of a class share: the file is not written again, so that the product knows
    /// it.
    /// </summary>
    public async Task<string> MakeOnceAsync(string name, string arguments) =>
        File.Exists(this[name]) ? this[name] : await MakeAsync(name, arguments);

    /// <summary>
    /// Returns the file of one row of a theory. One start of ffmpeg makes the files of all its rows from <paramref name="input"/>.
    /// </summary>
    /// <param name="extension">Extension; {0} is the first value of a row.</param>
    /// <param name="input">Arguments in front of the files, without values of a row.</param>
    /// <param name="arguments">Arguments of one file; {0} is the first value of its row.</param>
    /// <param name="row">The values of this row.</param>
    public async Task<string> MakeRowAsync(string extension, string input, string arguments, params object[] row)
    {
        var wanted = Coding(row);
        if (IsAlone(wanted)) return await MakeAsync($"in.{wanted.Extension}", $"{input} {wanted.Arguments}");
        var method = ((IXunitTestMethod)TestContext.Current.TestMethod!).Method;
        (string, string)[] rows =
        [
            .. method.GetCustomAttributes<InlineDataAttribute>().Select(other => Coding(other.Data)).Where(other => !IsAlone(other))
        ];
        byte[][] files = await Rows.GetOrAdd(method, _ => new(() => EncodeAsync(input, rows))).Value;
        string path = this[$"in.{wanted.Extension}"];
        await File.WriteAllBytesAsync(path, files[Array.IndexOf(rows, wanted)]);
        return path;

        (string Extension, string Arguments) Coding(object?[] values) => (With(extension, values), With(arguments, values));

        static string With(string text, object?[] values) => string.Format(CultureInfo.InvariantCulture, text, values);
    }

    /// <summary>
    /// True for a row with an input of its own, with a graph that would be that of all files, or with an encoder that not every ffmpeg has.
    /// </summary>
    private static bool IsAlone((string Extension, string Arguments) row) =>
        row.Extension == "qoi" || row.Arguments.Contains("-i ", StringComparison.Ordinal)
        || row.Arguments.Contains("-filter_complex", StringComparison.Ordinal);

    private static async Task<byte[][]> EncodeAsync(string input, (string Extension, string Arguments)[] rows)
    {
        using var folder = new TempFolder();
        string[] paths = [.. rows.Select((row, i) => folder[$"{i}.{row.Extension}"])];
        await RunAsync(
            "ffmpeg",
            [
                .. $"-nostdin -hide_banner -v error {input}".Split(' ', StringSplitOptions.RemoveEmptyEntries),
                .. rows.SelectMany((row, i) => row.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Append("file:" + paths[i]))
            ]);
        return await Task.WhenAll(paths.Select(path => File.ReadAllBytesAsync(path)));
    }

    private static async Task<byte[]> EncodeAsync(string path, string arguments)
    {
        await RunAsync(
            "ffmpeg",
            [
                .. "-nostdin -hide_banner -v error".Split(' '), .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), "-y",
                "file:" + path
            ]);
        return await File.ReadAllBytesAsync(path);
    }

    public string Write(string name, params byte[][] parts)
    {
        File.WriteAllBytes(this[name], [.. parts.SelectMany(p => p)]);
        return this[name];
    }

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Values that ffprobe prints for the wanted entries, one a line.</summary>
    public static async Task<string[]> ProbeAsync(string path, string streams, string entries, params string[] options)
    {
        string[] arguments =
        [
            "-v", "error", .. options, .. streams.Length > 0 ? (string[])["-select_streams", streams] : [], "-show_entries", entries, "-of",
            "default=nw=1:nk=1", "file:" + path
        ];
        return (await RunAsync("ffprobe", arguments)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    public static async Task<string> RunAsync(string tool, string[] arguments) =>
        await RunAsync(tool, arguments, p => p.StandardOutput.ReadToEndAsync());

    public static async Task<byte[]> RunForBytesAsync(string tool, string[] arguments) => await RunAsync(tool, arguments, async p =>
    {
        var bytes = new MemoryStream();
        await p.StandardOutput.BaseStream.CopyToAsync(bytes);
        return bytes.ToArray();
    });

    /// <summary>Returns the text that a tool prints on stderr, as ffmpeg's measuring filters do.</summary>
    public static async Task<string> RunForMessagesAsync(string tool, string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(tool, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        string messages = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, messages);
        return messages;
    }

    /// <summary>Running processes whose command line holds <paramref name="text"/>.</summary>
    public static int[] ProcessesNaming(string text) =>
    [
        .. Directory.GetDirectories("/proc").Select(System.IO.Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => int.Parse(name!))
            .Where(id => id != Environment.ProcessId && CommandLine(id).Contains(text, StringComparison.Ordinal)),
    ];

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // ended meanwhile
        }
    }

    private static async Task<T> RunAsync<T>(string tool, string[] arguments, Func<Process, Task<T>> read)
    {
        using var process = Process.Start(
            new ProcessStartInfo(tool, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var complaints = process.StandardError.ReadToEndAsync();
        var output = await read(process);
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{tool} {string.Join(' ', arguments)}: {await complaints}");
        return output;
    }
}
