namespace Locutor.Models.Store;

/// <summary>Files that may be symbolic links, as those of the hub's own cache are.</summary>
internal static class LinkedFile
{
    /// <summary>Bytes of the file, or of the one that a link leads to; null when there is none.</summary>
    public static long? Length(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists) return null;
        if (info.LinkTarget is null) return info.Length;
        return info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : null;
    }
}
