namespace Locutor.Media;

/// <summary>Kinds of input files.</summary>
public enum MediaKind
{
    Picture,

    /// <summary>Has moving pictures, with or without sound.</summary>
    Video,

    /// <summary>Sound alone; a cover picture does not make it a video.</summary>
    Audio,
}
