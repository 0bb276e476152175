namespace Locutor.Media.Captions;

/// <summary>
/// One caption: a text that is shown from <paramref name="Start"/> to <paramref name="End"/>, in seconds from the start of the video.
/// </summary>
public sealed record Cue(double Start, double End, string Text);
