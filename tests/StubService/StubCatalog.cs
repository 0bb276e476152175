using Locutor.Models;
using Locutor.Service.Submissions;

namespace Locutor.StubService;

/// <summary>The catalog of <see cref="StubRunner"/>: one model that shows a still picture with the voice and needs no weights.</summary>
public static class StubCatalog
{
    private static readonly NetworkFiles None = new(null, null, []);

    public static Bundle Bundle { get; } = new()
    {
        Name = "stub",
        Title = "Still picture with the voice",
        Licence = "none",
        Networks = new BundleNetworks(None, None, None, None, None, new BundleFile("")),
        ClipFrames = 33,
        Notice = "Makes no talking pictures: for trying the service itself.",
        Sizes = new Dictionary<string, IReadOnlyList<int[]>> { ["480p"] = [[320, 320]], ["720p"] = [[320, 320]] },
        DefaultSize = "480p",
        Parts = 8,
        Presets = new Dictionary<string, Preset> { ["default"] = new(8, 3, 1, 2) { MotionFrames = 9, ColourCorrection = 0 } },
        DefaultPreset = "default",
    };

    public static ModelCatalog Create() => ModelCatalog.From([Bundle], "stub");
}
