namespace Locutor.Generation.Requests;

/// <summary>The box around a person in pixels of the source picture; Right and Bottom are exclusive.</summary>
public readonly record struct SpeakerBox(int Left, int Top, int Right, int Bottom)
{
    public override string ToString() => $"[{Left}, {Top}, {Right}, {Bottom}]";
}
