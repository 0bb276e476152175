using System.Text.Json;
using System.Text.Json.Serialization;

namespace Locutor.Models;

/// <summary>A model bundle, chosen with <c>--model</c>: the files of its networks, its picture sizes and its presets.</summary>
public sealed record Bundle
{
    /// <summary>URL of the JSON schema, for editors; otherwise unused.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>Name of the bundle: lower-case letters, digits and dashes.</summary>
    public required string Name { get; init; }

    /// <summary>Title of one line for lists.</summary>
    public required string Title { get; init; }

    /// <summary>A few words that tell for what the bundle is, so that users can choose; null shows the title.</summary>
    public string? About { get; init; }

    public required string Licence { get; init; }

    public required BundleNetworks Networks { get; init; }

    /// <summary>
    /// Picture shapes by size name (<c>480p</c>), each as [height, width] in pixels. The shape nearest to the picture's is used.
    /// </summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<int[]>> Sizes { get; init; }

    public required string DefaultSize { get; init; }

    /// <summary>Presets by name.</summary>
    public required IReadOnlyDictionary<string, Preset> Presets { get; init; }

    public required string DefaultPreset { get; init; }

    /// <summary>Number of video frames in a clip, which are denoised together; 4n + 1.</summary>
    public int ClipFrames { get; init; } = 81;

    /// <summary>
    /// True if clips are conditioned on the picture repeated in every frame; false if on the picture followed by blank frames.
    /// </summary>
    public bool HoldPicture { get; init; }

    /// <summary>
    /// Number of parts into which the service divides a long voice by default, if so many workers are idle. 1 for a model whose faces
    /// change more over the joint of two parts than inside a part, which <c>locutor evaluate</c> measures, or that was not measured.
    /// </summary>
    public int Parts { get; init; } = 1;

    /// <summary>Corrections between consecutive clips; null for none, as in the reference.</summary>
    public ContinuityOptions? Continuity { get; init; }

    /// <summary>
    /// Composition of the generated frames into the portrait at the portrait's size; null if the video has the generated size.
    /// </summary>
    public CompositionOptions? Composition { get; init; }

    public string DefaultPrompt { get; init; } = "a person is talking";

    public string NegativePrompt { get; init; } = "";

    /// <summary>A warning that is shown before a video is made, about pictures for which results are poor; null for none.</summary>
    public string? Notice { get; init; }

    /// <summary>
    /// Threshold of <see cref="Notice"/> in decibels: the warning is shown for a picture that the autoencoder reconstructs with a lower
    /// peak signal-to-noise ratio. Null shows it for every picture.
    /// </summary>
    public double? NoticeBelow { get; init; }

    /// <summary>Memory in bytes for the transformer's weights, by precision; activations need more on top.</summary>
    public IReadOnlyDictionary<string, long> GpuMemory { get; init; } = new Dictionary<string, long>();

    /// <summary>Default precision of the prepared transformer; null for bfloat16.</summary>
    public string? Precision { get; init; }

    /// <summary>Disk space in bytes: <c>pull</c> for all fetched files, and by precision for the prepared transformer.</summary>
    public IReadOnlyDictionary<string, long> DiskSpace { get; init; } = new Dictionary<string, long>();

    /// <summary>
    /// Files of the adapters (LoRA) that the operator has put into the store for this bundle, by name; see
    /// <see cref="Store.AdapterFolder"/>.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, BundleFile> OwnAdapters { get; init; } = new Dictionary<string, BundleFile>();

    /// <summary>Returns the configuration and files of one network.</summary>
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

    /// <summary>Returns every file with its purpose: <c>transformer</c>, <c>autoencoder</c>, ..., <c>preset fusionix</c>.</summary>
    public IEnumerable<(string For, BundleFile File)> Files()
    {
        NetworkKind[] kinds = Networks.Upsampler is null ? [.. NetworkKinds.All] : [.. NetworkKinds.All, NetworkKind.Upsampler];
        return kinds.SelectMany(kind => Network(kind).Files.Concat(Network(kind).Beside).Select(file => (kind.Name(), file)))
            .Append(("tokenizer", Networks.Tokenizer))
            .Concat(Presets.SelectMany(p => p.Value.Adapters.Select(a => ($"preset {p.Key}", a.File))));
    }

    /// <summary>Returns the files that one preset needs; null for the files of all presets.</summary>
    public IEnumerable<BundleFile> FilesOf(string? preset) =>
        Files()
            .Where(file => preset is null || !file.For.StartsWith("preset ", StringComparison.Ordinal) || file.For == $"preset {preset}")
            .Select(file => file.File);
}

/// <summary>The networks of a bundle.</summary>
/// <param name="Transformer">The video transformer with its audio adapter.</param>
/// <param name="Autoencoder">The video autoencoder.</param>
/// <param name="Text">The text encoder.</param>
/// <param name="Image">The picture encoder.</param>
/// <param name="Speech">The speech encoder.</param>
/// <param name="Tokenizer">The SentencePiece model of the text encoder.</param>
/// <param name="Upsampler">Upsamples moving parts to the portrait's size; null if the bundle has no upsampler.</param>
public sealed record BundleNetworks(
    NetworkFiles Transformer, NetworkFiles Autoencoder, NetworkFiles Text, NetworkFiles Image, NetworkFiles Speech, BundleFile Tokenizer,
    NetworkFiles? Upsampler = null);

/// <summary>Configuration and files of one network.</summary>
/// <param name="Architecture">Name of a released architecture, such as <c>Wan14B</c>; null if <paramref name="Config"/> is given.</param>
/// <param name="Config">Sizes of the network, in the form of its configuration record; null if <paramref name="Architecture"/> is
/// given.</param>
/// <param name="Files">Checkpoint files; a later file's tensor replaces an earlier one of the same key.</param>
/// <param name="Prefix">Prefix of the network's keys if several networks share one file.</param>
public sealed record NetworkFiles(string? Architecture, JsonElement? Config, IReadOnlyList<BundleFile> Files, string Prefix = "")
{
    /// <summary>Additional files without tensors that belong to <see cref="Files"/>, such as the map of a quantised checkpoint.</summary>
    public IReadOnlyList<BundleFile> Beside { get; init; } = [];
}

/// <summary>One file of a bundle.</summary>
/// <param name="Path">Path within the repository; relative to the bundle's folder if there is no repository.</param>
/// <param name="Repository">Repository on the hub, <c>owner/name</c>; null for a file that ships with the bundle.</param>
/// <param name="Revision">Branch, tag or commit; null for <c>main</c>.</param>
/// <param name="Size">Size in bytes, if known.</param>
/// <param name="Sha256">SHA-256 in lower-case hexadecimal, if known.</param>
public sealed record BundleFile(string Path, string? Repository = null, string? Revision = null, long? Size = null, string? Sha256 = null)
{
    /// <summary>
    /// Time of the last change of a file that the operator may replace, so that a replaced file is not taken for the earlier one; null for
    /// a file of the bundle.
    /// </summary>
    [JsonIgnore]
    public DateTime? Modified { get; init; }
}

/// <summary>A named set of generation settings.</summary>
/// <param name="Steps">Number of denoising steps per clip.</param>
/// <param name="Shift">Shift of the timesteps towards noise.</param>
/// <param name="TextGuidance">Guidance scale of the prompt; 1 omits this pass.</param>
/// <param name="AudioGuidance">Guidance scale of the speech; 1 omits this pass.</param>
public sealed record Preset(int Steps, double Shift, double TextGuidance, double AudioGuidance)
{
    /// <summary>Description in one sentence that helps users to choose.</summary>
    public string? About { get; init; }

    /// <summary>Measured speed and quality; null if not measured.</summary>
    public PresetFigures? Figures { get; init; }

    /// <summary>Shift by size name, for sizes that need another value than <see cref="Shift"/>.</summary>
    public IReadOnlyDictionary<string, double> ShiftBySize { get; init; } = new Dictionary<string, double>();

    /// <summary>
    /// True if the weights are distilled to few steps: each step predicts the clean latent and adds fresh noise, and every clip is
    /// conditioned on the first picture. False uses Euler steps.
    /// </summary>
    public bool FewSteps { get; init; }

    /// <summary>
    /// True if timesteps are spaced evenly down to 0, for weights distilled to that schedule. False uses the schedule of the reference,
    /// whose last step begins near 0.
    /// </summary>
    public bool EvenSteps { get; init; }

    /// <summary>Number of guided steps, counted from the first; null guides all steps.</summary>
    public int? GuidedSteps { get; init; }

    /// <summary>
    /// Step cache, which reuses the residual of the blocks from an earlier step, in the syntax of the setting <c>step_cache</c>; null
    /// computes every step.
    /// </summary>
    public string? StepCache { get; init; }

    /// <summary>Number of frames of the preceding clip that start the next clip; 4n + 1.</summary>
    public int MotionFrames { get; init; } = 9;

    /// <summary>True if the speech encoder reads a window of audio that ends with the clip; false if it reads the whole track.</summary>
    public bool StreamSpeech { get; init; }

    /// <summary>Strength of the colour correction towards the picture, 0 to 1.</summary>
    public double ColourCorrection { get; init; } = 0.2;

    /// <summary>Adapters (LoRA) that are merged into the transformer.</summary>
    public IReadOnlyList<BundleAdapter> Adapters { get; init; } = [];
}

/// <summary>Measured speed and quality of a preset.</summary>
/// <param name="SecondsPerSecond">Seconds of computing per second of video on one H100, with float8 weights, at the bundle's first
/// size.</param>
/// <param name="Reckoned">True if the seconds are a sum of measured parts; false if a whole clip was measured.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels, between this preset's and the <c>quality</c> preset's video of the bundled
/// model.</param>
public sealed record PresetFigures(double? SecondsPerSecond = null, bool Reckoned = false, double? Psnr = null);

/// <summary>
/// Options against drift in long videos and jumps between clips. If the prompt asks for nothing beyond the negative prompt, the first clip
/// also gets motion frames: the picture, held still. It is then generated like all later clips.
/// </summary>
/// <param name="StillTolerance">Motion frames that differ from the picture by up to this many levels (of 255) are replaced by the picture;
/// from twice this value they are kept. 0 keeps all differences.</param>
/// <param name="AskedTolerance">Replaces <paramref name="StillTolerance"/> if the prompt asks for something, such as an expression, which
/// may change few levels.</param>
/// <param name="JoinedFrames">Number of frames at the start of a clip over which the jump from the preceding clip is spread.</param>
public sealed record ContinuityOptions(double StillTolerance, double AskedTolerance, int JoinedFrames);

/// <summary>
/// Options of bundles that generate frames smaller than the portrait: only moving parts are generated, all other pixels come from the
/// portrait.
/// </summary>
/// <param name="LargestSide">Largest length of the video's longer side, in pixels.</param>
/// <param name="AddedFrom">Differences from the portrait up to this many levels (of 255) are ignored; from twice this value they are added
/// in full.</param>
/// <param name="ReplacedFrom">Differences up to this many levels (of 255) keep the portrait's detail; from twice this value the generated
/// pixels replace it.</param>
public sealed record CompositionOptions(int LargestSide, double AddedFrom, double ReplacedFrom);

/// <summary>A LoRA file and the strength with which it is merged.</summary>
public sealed record BundleAdapter(BundleFile File, double Strength = 1)
{
    /// <summary>Name by which a user chose the adapter from the store; null for an adapter of the bundle.</summary>
    [JsonIgnore]
    public string? OwnName { get; init; }
}
