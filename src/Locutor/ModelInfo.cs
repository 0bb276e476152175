namespace Locutor;

/// <summary>A model that can be loaded by its name.</summary>
/// <param name="Name">The name for <see cref="TalkingVideoModel.LoadAsync"/>.</param>
/// <param name="Title">One line that describes it.</param>
/// <param name="Licence">Licence of its weights.</param>
public sealed record ModelInfo(string Name, string Title, string Licence)
{
    /// <summary>Whether its files are on disk, so that it can be loaded without a network.</summary>
    public bool IsReady { get; init; }

    /// <summary>Bytes that fetching all its files takes; null where it is not known.</summary>
    public long? DownloadBytes { get; init; }

    /// <summary>Names of its presets: settings that belong together, such as a fast and a fine one.</summary>
    public IReadOnlyList<string> Presets { get; init; } = [];

    /// <summary>The preset of models that are loaded without one.</summary>
    public string DefaultPreset { get; init; } = "";

    /// <summary>Names of the sizes at which it draws, for <see cref="TalkingVideoRequest.Size"/>.</summary>
    public IReadOnlyList<string> Sizes { get; init; } = [];

    /// <summary>The size of requests that name none.</summary>
    public string DefaultSize { get; init; } = "";
}
