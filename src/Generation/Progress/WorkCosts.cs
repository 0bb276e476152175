using System.Text.Json;
using Locutor.Torch;

namespace Locutor.Generation.Progress;

/// <summary>
/// Durations in seconds of the parts of a video on one device, with one bundle, size and kind of sampling. They are stored in the user's
/// cache folder, so that the time left of the next video is known from its start.
/// </summary>
/// <param name="Prepare">Encoding of the whole voice, the prompt and the picture, before the first clip.</param>
/// <param name="First">The first clip, which also uses every operation for the first time.</param>
/// <param name="Later">The mean of all later clips. While they are computed, the frames of the preceding clip are written.</param>
/// <param name="Start">The start of the writer, which delays the second clip.</param>
/// <param name="Tail">Time from the last decoded frame until all frames are written.</param>
/// <param name="Finish">Completion of the file; for each clip if all frames are encoded again.</param>
public sealed record WorkCosts(double Prepare, ClipCosts First, ClipCosts Later, double Start, double Tail, double Finish)
{
    private const double LargestShare = 0.5;

    /// <summary>Number of clips from which the costs of a video get the largest share. Those of a shorter video are less exact.</summary>
    private const double ManyClips = 10;

    /// <summary>Number of clips whose mean is <see cref="Later"/>.</summary>
    public int Clips { get; init; }

    private static CacheFiles Files => new(Path.Combine(TorchOptions.Current.CacheFolder, "costs"), ".json");

    /// <summary>Reads the costs of earlier videos; null if there are none.</summary>
    /// <param name="key">Text that contains everything on which the costs depend.</param>
    public static WorkCosts? Load(string key)
    {
        try
        {
            return Files.Read(key) is { } bytes ? JsonSerializer.Deserialize<WorkCosts>(bytes) : null;
        }
        catch (JsonException)
        {
            return null; // another version of the program wrote it
        }
    }

    /// <summary>Stores the costs of a video, mixed with those of earlier ones.</summary>
    public void Save(string key, WorkCosts? earlier) =>
        Files.TryWrite(key, JsonSerializer.SerializeToUtf8Bytes(earlier is null ? this : earlier.MixedWith(this)));

    /// <summary>
    /// Returns the weighted mean of these costs and those of a later video. All costs have the same share, because a busy machine is slower
    /// in all of them, and because the estimate uses the ratio between the first clip and later ones.
    /// </summary>
    internal WorkCosts MixedWith(WorkCosts next)
    {
        double share = LargestShare * Math.Min(1, (1 + next.Clips) / Math.Min(ManyClips, 1.0 + Clips));
        return new(
            Mix(Prepare, next.Prepare), First.Mix(next.First, share), Later.Mix(next.Later, share), Mix(Start, next.Start),
            Mix(Tail, next.Tail), Mix(Finish, next.Finish))
        { Clips = Math.Max(Clips, next.Clips) };

        double Mix(double old, double now) => ClipCosts.Mean(old, now, share);
    }
}
