namespace Locutor;

/// <summary>A model that can be loaded by its name.</summary>
/// <param name="Name">The name for <see cref="TalkingVideoModel.LoadAsync"/>.</param>
/// <param name="Title">A description of one line.</param>
/// <param name="Licence">The licence of the weights.</param>
public sealed record ModelInfo(string Name, string Title, string Licence)
{
    /// <summary>Whether all files are on disk, so that the model can be loaded without access to the internet.</summary>
    public bool IsReady { get; init; }

    /// <summary>Size of all files to fetch, in bytes; null if it is not known.</summary>
    public long? DownloadBytes { get; init; }

    /// <summary>Names of the presets. A preset is a set of settings, for example for speed or for quality.</summary>
    public IReadOnlyList<string> Presets { get; init; } = [];

    /// <summary>The preset that is used if <see cref="ModelOptions.Preset"/> is null.</summary>
    public string DefaultPreset { get; init; } = "";

    /// <summary>Names of the sizes that the model generates, for <see cref="TalkingVideoRequest.Size"/>.</summary>
    public IReadOnlyList<string> Sizes { get; init; } = [];

    /// <summary>The size that is used if <see cref="TalkingVideoRequest.Size"/> is null.</summary>
    public string DefaultSize { get; init; } = "";
}
