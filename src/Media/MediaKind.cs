namespace Locutor.Media;

/// <summary>Kind of an input file.</summary>
public enum MediaKind
{
    Picture,

    /// <summary>A video, with or without audio.</summary>
    Video,

    /// <summary>Audio alone; a cover picture does not make the file a video.</summary>
    Audio,
}
