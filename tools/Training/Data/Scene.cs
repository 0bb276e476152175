using Locutor.Training.Faces;

namespace Locutor.Training.Data;

/// <summary>A rendered scene: a person who speaks in a mood.</summary>
/// <param name="Frames">The frames, [frames, height, width, 3]. The first frame is the portrait.</param>
/// <param name="Poses">The pose of the face in every frame.</param>
/// <param name="Audio">The samples at 16 kHz with zero mean and unit variance, as long as the frames.</param>
/// <param name="Mouth">A box that contains the mouth in all frames.</param>
/// <param name="Eyes">Boxes that contain the eyes in all frames.</param>
/// <param name="Mood">The index of the mood in <see cref="Motion.PromptPhrases.Moods"/>.</param>
public sealed record Scene(
    Person Person, byte[] Frames, FacePose[] Poses, float[] Audio, PixelBox Mouth, PixelBox[] Eyes, PixelBox Face, int Mood)
{
    /// <summary>
    /// The number of frames before the speech, in which the portrait stands still, as before the first frame of a video.
    /// </summary>
    public int LeadIn { get; init; }

    private const float BelowChin = 0.04f; // of the picture's side, for a beard

    /// <summary>Returns a box that contains mouth, chin and the lower ends of the cheeks in all frames.</summary>
    /// <param name="size">The height and width of a frame in pixels.</param>
    public PixelBox Jaw(int size) => new(
        Math.Max(0, Mouth.Left - Mouth.Width / 2), Mouth.Top, Math.Min(size, Mouth.Right + Mouth.Width / 2),
        Math.Min(size, Face.Bottom + (int)(BelowChin * size)));

    public ReadOnlySpan<byte> Frame(int index, int frameBytes) => Frames.AsSpan(index * frameBytes, frameBytes);
}
