using System.Text.Json.Nodes;

namespace Locutor.Cli.Tests;

/// <summary>
/// Copies of the bundled model that draw clips of 17 frames, not 33, each with 12 new ones: a clip takes half the CPU time. For tests that
/// need trained networks and no long clip. The first 8 frames of a video are blended with the picture, so a video needs more.
/// </summary>
internal static class ShortClips
{
    /// <summary>Copies the model into a folder, changes its bundle and returns the path of the bundle.</summary>
    public static string Write(string folder, Action<JsonNode>? change = null)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Path.Combine(TestEnvironment.Checkout, "models", "sketch")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        string path = Path.Combine(folder, "bundle.json");
        var bundle = JsonNode.Parse(File.ReadAllText(path))!;
        bundle["clipFrames"] = 17;
        bundle["presets"]!["default"]!["motionFrames"] = 5;
        change?.Invoke(bundle);
        File.WriteAllText(path, bundle.ToJsonString());
        return path;
    }

    /// <summary>Lets a bundle draw 64 x 64 pixels, a quarter of the usual number.</summary>
    public static void MakePicturesSmall(JsonNode bundle) => bundle["sizes"]!["portrait"] = new JsonArray(new JsonArray(64, 64));

    /// <summary>Lets the pictures that a bundle draws be the video, instead of parts of the portrait at its own size.</summary>
    public static void ShowDrawnPictures(JsonNode bundle)
    {
        bundle.AsObject().Remove("continuity");
        bundle.AsObject().Remove("composition");
        bundle["networks"]!.AsObject().Remove("upsampler");
    }
}
