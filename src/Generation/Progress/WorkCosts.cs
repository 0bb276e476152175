using System.Text.Json;
using Locutor.Torch;

namespace Locutor.Generation.Progress;

/// <summary>Seconds that the parts of a clip take.</summary>
/// <param name="Encode">Encoding of the picture, the motion frames and the speech.</param>
/// <param name="Step">One denoising step.</param>
/// <param name="Decode">Decoding, until the next clip begins.</param>
public sealed record ClipCosts(double Encode, double Step, double Decode)
{
    public double Clip(int steps) => Encode + steps * Step + Decode;
}

/// <summary>
/// Seconds that the parts of a video took on one device, with one bundle, size and kind of sampling. They are kept in the user's cache
/// folder, so that the next video knows from its start how long it will take.
/// </summary>
/// <param name="Prepare">Encoding of the whole voice, the prompt and the picture, before the first clip.</param>
/// <param name="First">The first clip, which sets up what later clips use.</param>
/// <param name="Later">Each later clip, during which the frames of the clip before it are written.</param>
/// <param name="Write">Composition and encoding of the frames of a clip.</param>
/// <param name="Finish">Completion of the file; for each clip if all frames are encoded again.</param>
public sealed record WorkCosts(double Prepare, ClipCosts First, ClipCosts Later, double Write, double Finish)
{
    private const double KeptShare = 0.5;

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

    /// <summary>Stores the costs of a video, half mixed with those of earlier ones.</summary>
    public void Save(string key, WorkCosts? earlier) =>
        Files.TryWrite(key, JsonSerializer.SerializeToUtf8Bytes(earlier is null ? this : MixedWith(earlier)));

    private WorkCosts MixedWith(WorkCosts earlier) => new(
        Mix(earlier.Prepare, Prepare), Mix(earlier.First, First), Mix(earlier.Later, Later), Mix(earlier.Write, Write),
        Mix(earlier.Finish, Finish));

    private static ClipCosts Mix(ClipCosts old, ClipCosts next) =>
        new(Mix(old.Encode, next.Encode), Mix(old.Step, next.Step), Mix(old.Decode, next.Decode));

    private static double Mix(double old, double next) => KeptShare * old + (1 - KeptShare) * next;
}
