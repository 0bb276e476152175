using Locutor.Training.Faces;

namespace Locutor.Training.Data;

/// <summary>A person who says something in a mood, painted frame by frame.</summary>
/// <param name="Frames">[frames, height, width, 3]; the first is the portrait.</param>
/// <param name="Poses">Of every frame.</param>
/// <param name="Audio">16 kHz, zero mean and unit variance, as long as the frames.</param>
/// <param name="Mouth">Where the mouth is in any frame.</param>
/// <param name="Eyes">Where eyes are in any frame.</param>
/// <param name="Mood">Index into <see cref="Motion.PromptPhrases.Moods"/>.</param>
public sealed record Scene(
    Person Person, byte[] Frames, FacePose[] Poses, float[] Audio, PixelBox Mouth, PixelBox[] Eyes, PixelBox Face, int Mood)
{
    public ReadOnlySpan<byte> Frame(int index, int frameBytes) => Frames.AsSpan(index * frameBytes, frameBytes);
}
