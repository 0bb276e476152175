namespace Locutor.Models.Store;

/// <summary>Functions for files that may be symbolic links, such as those in the hub's own cache.</summary>
internal static class LinkedFile
{
    /// <summary>Returns the size in bytes of a file or of the target of a link; null if there is none.</summary>
    public static long? Length(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists) return null;
        if (info.LinkTarget is null) return info.Length;
        return info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : null;
    }
}
