using System.Text;

namespace Locutor.Checkpoints.Formats;

/// <summary>Recognises files that users pass as a checkpoint by mistake: a failed download, a Git LFS pointer, an archive.</summary>
internal static class ForeignFile
{
    /// <summary>Number of bytes at the start of the file that <see cref="Describe"/> reads.</summary>
    public const int Looked = 1024;

    /// <summary>Recognises the kind of a file by its first bytes.</summary>
    /// <returns>A text that names the kind of file and tells the user what to do; null for an unrecognised file.</returns>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty) return "the file is empty: the download never began, fetch it again";
        if (start.Length >= 16 && !start.ContainsAnyExcept((byte)0))
        {
            return "the file is not complete: it begins with nothing but zeros, as a download leaves that was never finished; fetch it " +
                "again";
        }

        string text = Encoding.UTF8.GetString(start).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        bool Starts(string with) => text.StartsWith(with, StringComparison.OrdinalIgnoreCase);
        if (Starts("version https://git-lfs"))
        {
            return $"a pointer of git-lfs{PointedSize(text)}, not the checkpoint itself: run 'git lfs pull' in its repository, or " +
                "download the file from the hub's page";
        }

        if (Starts("<!DOCTYPE") || Starts("<html") || Starts("<head"))
            return "a web page (HTML), as a hub answers when one has to log in or accept a licence: download it again, signed in";
        if (Starts("<?xml") || Starts("<Error"))
            return "XML with a server's answer, not the checkpoint: the link has expired or is not allowed, fetch it again";
        if (Starts("{\"error") || Starts("{\"message") || Starts("{\"detail") || Starts("{\"code"))
            return $"JSON with a server's error message: {FirstLine(text)}";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) || Starts("7z\u00BC")) return "a compressed archive: unpack it first";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x89, 0x48, 0x44, 0x46]))
            return "an HDF5 file (Keras), which is not read: fetch the model as safetensors";
        if (Starts("lmgg") || Starts("tjgg") || Starts("fmgg"))
            return "a GGML file, the forerunner of GGUF: fetch the model as GGUF or safetensors";
        return IsText(start) && !Starts("{") ? $"a text, not a checkpoint: {FirstLine(text)}" : null;
    }

    private static bool IsText(ReadOnlySpan<byte> start) => start.Length >= 9 && !start.ContainsAnyExceptInRange((byte)9, (byte)126);

    private static string PointedSize(string text) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith("size ", StringComparison.Ordinal)) is { } line
            && long.TryParse(line.AsSpan(5), out long bytes)
            ? $" to a file of {bytes} bytes"
            : "";

    private static string FirstLine(string text)
    {
        string line = text.Split('\n')[0].Trim();
        return line.Length <= 120 ? line : line[..120] + "...";
    }
}
