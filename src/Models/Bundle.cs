using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Models;

/// <summary>What a user picks with <c>--model</c>: which files make the networks, at what sizes they draw and with which settings.</summary>
public sealed record Bundle
{
    /// <summary>For editors; not read.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>Lower-case letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>One line for a list.</summary>
    public required string Title { get; init; }

    public required string Licence { get; init; }

    public required BundleNetworks Networks { get; init; }

    /// <summary>Sizes by name (<c>480p</c>), each the pictures [height, width] that the bundle draws; the nearest shape is taken.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<int[]>> Sizes { get; init; }

    public required string DefaultSize { get; init; }

    /// <summary>Settings by name.</summary>
    public required IReadOnlyDictionary<string, Preset> Presets { get; init; }

    public required string DefaultPreset { get; init; }

    /// <summary>Video frames that are denoised together; 4n + 1.</summary>
    public int ClipFrames { get; init; } = 81;

    /// <summary>Whether clips are conditioned on the picture held still, instead of the picture followed by blank frames.</summary>
    public bool HoldPicture { get; init; }

    /// <summary>How clips follow each other; null leaves frames as the reference makes them.</summary>
    public ContinuityOptions? Continuity { get; init; }

    /// <summary>How what is drawn is laid into the portrait at the portrait's own size; null gives videos of the size that is drawn.</summary>
    public CompositionOptions? Composition { get; init; }

    public string DefaultPrompt { get; init; } = "a person is talking";

    public string NegativePrompt { get; init; } = "";

    /// <summary>Said before a video is made, where pictures of a kind do badly; null when there is nothing to say.</summary>
    public string? Notice { get; init; }

    /// <summary>Peak signal-to-noise ratio in decibels: the notice is said of pictures that the autoencoder gives back worse than this; null says it of all.</summary>
    public double? NoticeBelow { get; init; }

    /// <summary>Bytes of the transformer's weights by the precision they are held in; activations come on top.</summary>
    public IReadOnlyDictionary<string, long> GpuMemory { get; init; } = new Dictionary<string, long>();

    /// <summary>The precision in which the transformer is prepared unless another is asked for; null for bfloat16.</summary>
    public string? Precision { get; init; }

    /// <summary>Bytes on disk: <c>pull</c> for everything that is fetched, and the prepared transformer by its precision.</summary>
    public IReadOnlyDictionary<string, long> DiskSpace { get; init; } = new Dictionary<string, long>();

    /// <summary>Sizes and files of one network.</summary>
    public NetworkFiles Network(NetworkKind kind) => kind switch
    {
        NetworkKind.Transformer => Networks.Transformer,
        NetworkKind.Autoencoder => Networks.Autoencoder,
        NetworkKind.Text => Networks.Text,
        NetworkKind.Image => Networks.Image,
        NetworkKind.Speech => Networks.Speech,
        NetworkKind.Upsampler => Networks.Upsampler ?? throw new BundleException($"bundle {Name} has no upsampler"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, $"expected {NetworkKinds.Names}"),
    };

    /// <summary>Every file with what it is for: <c>transformer</c>, <c>autoencoder</c>, ..., <c>preset fusionix</c>.</summary>
    public IEnumerable<(string For, BundleFile File)> Files()
    {
        NetworkKind[] kinds = Networks.Upsampler is null ? [.. NetworkKinds.All] : [.. NetworkKinds.All, NetworkKind.Upsampler];
        return kinds.SelectMany(kind => Network(kind).Files.Concat(Network(kind).Beside).Select(file => (kind.Name(), file)))
            .Append(("tokenizer", Networks.Tokenizer))
            .Concat(Presets.SelectMany(p => p.Value.Adapters.Select(a => ($"preset {p.Key}", a.File))));
    }

    /// <summary>The files that one preset needs; null for those of all presets.</summary>
    public IEnumerable<BundleFile> FilesOf(string? preset) =>
        Files().Where(file => preset is null || !file.For.StartsWith("preset ", StringComparison.Ordinal) || file.For == $"preset {preset}").Select(file => file.File);
}

/// <summary>The networks of a bundle.</summary>
/// <param name="Transformer">The video transformer, its audio adapter included.</param>
/// <param name="Autoencoder">The video autoencoder.</param>
/// <param name="Text">The text encoder.</param>
/// <param name="Image">The picture encoder.</param>
/// <param name="Speech">The speech encoder.</param>
/// <param name="Tokenizer">The SentencePiece model of the text encoder.</param>
/// <param name="Upsampler">Draws moving parts at the portrait's size; null where a bundle has none.</param>
public sealed record BundleNetworks(
    NetworkFiles Transformer, NetworkFiles Autoencoder, NetworkFiles Text, NetworkFiles Image, NetworkFiles Speech, BundleFile Tokenizer, NetworkFiles? Upsampler = null);

/// <summary>One network: its sizes and its files.</summary>
/// <param name="Architecture">Name of a released architecture, such as <c>Wan14B</c>; null when <paramref name="Config"/> tells the sizes.</param>
/// <param name="Config">Sizes, as the network's own configuration record.</param>
/// <param name="Files">Laid over each other in order: a later file's tensor replaces an earlier one of the same key.</param>
/// <param name="Prefix">In front of every key, when several networks share one file.</param>
public sealed record NetworkFiles(string? Architecture, JsonElement? Config, IReadOnlyList<BundleFile> Files, string Prefix = "")
{
    /// <summary>Files without tensors that stand beside these, such as the map of a quantised checkpoint.</summary>
    public IReadOnlyList<BundleFile> Beside { get; init; } = [];
}

/// <summary>One file of a bundle.</summary>
/// <param name="Path">Within the repository, or beside the bundle when there is none.</param>
/// <param name="Repository">On the hub, <c>owner/name</c>; null for a file that is shipped.</param>
/// <param name="Revision">Branch, tag or commit.</param>
/// <param name="Size">Bytes, where known.</param>
/// <param name="Sha256">Lower-case hexadecimal, where known.</param>
public sealed record BundleFile(string Path, string? Repository = null, string? Revision = null, long? Size = null, string? Sha256 = null);

/// <summary>Settings that belong together.</summary>
/// <param name="Steps">Denoising steps of a clip.</param>
/// <param name="Shift">How far timesteps are moved towards noise.</param>
/// <param name="TextGuidance">1 leaves the text pass out.</param>
/// <param name="AudioGuidance">1 leaves the audio pass out.</param>
public sealed record Preset(int Steps, double Shift, double TextGuidance, double AudioGuidance)
{
    /// <summary>One sentence for people who choose.</summary>
    public string? About { get; init; }

    /// <summary>What was measured; null where nothing was.</summary>
    public PresetFigures? Figures { get; init; }

    /// <summary>Shift at sizes where it differs.</summary>
    public IReadOnlyDictionary<string, double> ShiftBySize { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// Whether the weights are distilled to few steps: each step predicts the clean latent and mixes in fresh noise, and every clip is
    /// conditioned on the first picture. Otherwise Euler steps.
    /// </summary>
    public bool FewSteps { get; init; }

    /// <summary>Whether timesteps are spaced evenly down to 0, for weights distilled to that; otherwise as the reference has them, with a last step that begins near 0.</summary>
    public bool EvenSteps { get; init; }

    /// <summary>Steps that are guided, from the first; null guides all.</summary>
    public int? GuidedSteps { get; init; }

    /// <summary>Reuse of what the blocks added a step ago, as the setting <c>step_cache</c> has it; null runs every step.</summary>
    public string? StepCache { get; init; }

    /// <summary>Frames of the clip before that a clip starts with; 4n + 1.</summary>
    public int MotionFrames { get; init; } = 9;

    /// <summary>Whether the speech encoder sees a window of sound that ends with the clip, instead of the whole track.</summary>
    public bool StreamSpeech { get; init; }

    /// <summary>How much colours are moved back to those of the picture, 0 to 1.</summary>
    public double ColourCorrection { get; init; } = 0.2;

    /// <summary>Adapters merged into the transformer.</summary>
    public IReadOnlyList<BundleAdapter> Adapters { get; init; } = [];
}

/// <summary>What a preset costs and what its shortcuts change.</summary>
/// <param name="SecondsPerSecond">Seconds that one H100 takes for a second of video, with float8 weights, at the bundle's first size.</param>
/// <param name="Reckoned">Whether the seconds are a sum of measured parts instead of a measured clip.</param>
/// <param name="Psnr">Decibels of the bundled model's video with the settings of this preset, compared with those of <c>quality</c>.</param>
public sealed record PresetFigures(double? SecondsPerSecond = null, bool Reckoned = false, double? Psnr = null);

/// <summary>
/// Against the drift of long videos and jumps between clips. Where the prompt asks for nothing beyond the negative prompt, the first clip
/// also starts before the video, with the picture held still as its motion frames, so that it is made as all later ones are.
/// </summary>
/// <param name="StillTolerance">Levels (of 255) up to which a difference of motion frames from the picture is taken for none; from twice as much it stays. 0 keeps all.</param>
/// <param name="AskedTolerance">The same where the prompt asks for something, such as an expression, which may differ by few levels.</param>
/// <param name="JoinedFrames">Frames at the start of a clip over which its step from the clip before is spread.</param>
public sealed record ContinuityOptions(double StillTolerance, double AskedTolerance, int JoinedFrames);

/// <summary>For bundles that draw smaller than a portrait is: only what moves is drawn, all other pixels are the portrait's.</summary>
/// <param name="LargestSide">Pixels of the video's longer side at most.</param>
/// <param name="AddedFrom">Levels (of 255) of difference from the portrait up to which nothing is changed; twice as much is added in full.</param>
/// <param name="ReplacedFrom">Levels up to which the portrait's detail is kept under a difference; from twice as much on the drawn picture replaces it.</param>
public sealed record CompositionOptions(int LargestSide, double AddedFrom, double ReplacedFrom);

/// <summary>A LoRA file and how strongly it is merged.</summary>
public sealed record BundleAdapter(BundleFile File, double Strength = 1);
