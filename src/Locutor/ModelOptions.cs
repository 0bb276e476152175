namespace Locutor;

/// <summary>The precision in which the networks compute.</summary>
public enum ModelPrecision
{
    /// <summary>The fastest precision of the device; weights stay as they are stored.</summary>
    Auto,

    /// <summary>32-bit floating point: the slowest and most exact precision.</summary>
    Float32,

    /// <summary>bfloat16; float16 on a GPU that has no bfloat16.</summary>
    BFloat16,

    /// <summary>
    /// bfloat16, and 8-bit floating point (e4m3) for the matrices of the transformer's blocks, which then need half the memory.
    /// </summary>
    Float8,

    /// <summary>bfloat16, and 8-bit integers for the matrices of the transformer's blocks, which then need half the memory.</summary>
    Int8,
}

/// <summary>Options for loading a model.</summary>
public sealed record ModelOptions
{
    /// <summary>
    /// The device that runs the networks: <c>auto</c> for the first GPU or, without a GPU, the CPU; <c>cpu</c>; <c>cuda</c> for the first
    /// GPU; <c>cuda:0</c>, <c>cuda:1</c>, ... for one of several GPUs.
    /// </summary>
    public string Device { get; init; } = "auto";

    /// <summary>The precision in which the networks compute.</summary>
    public ModelPrecision Precision { get; init; }

    /// <summary>
    /// Name of a preset of the model (<see cref="ModelInfo.Presets"/>); null for <see cref="ModelInfo.DefaultPreset"/>. It sets the
    /// defaults of <see cref="TalkingVideoRequest"/>, such as steps and guidance.
    /// </summary>
    public string? Preset { get; init; }

    /// <summary>
    /// Adapters (LoRA) that are merged into the model: up to 4 entries <c>NAME</c> or <c>NAME=STRENGTH</c> with a strength from -2 to 2.
    /// The file of an adapter is <c>adapters/MODEL/NAME.safetensors</c> in the folder of <see cref="Store"/>.
    /// </summary>
    public IReadOnlyList<string> Lora { get; init; } = [];

    /// <summary>
    /// Limit of the GPU's memory in bytes, at least 1; null for no limit. Weights that do not fit stay in the machine's memory and are
    /// copied to the GPU when they are needed (offload), which is slower. The limit has no effect on a CPU.
    /// </summary>
    public long? MemoryBudget { get; init; }

    /// <summary>
    /// Folder of fetched model files; null for the folder in the environment variable <c>LOCUTOR_STORE</c>, or, without this variable,
    /// <c>~/.local/share/locutor/models</c>.
    /// </summary>
    public string? Store { get; init; }

    /// <summary>
    /// Whether missing files of the model are fetched from the model hub (environment variables <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>).
    /// These can be tens of gigabytes. The bundled model needs none.
    /// </summary>
    public bool FetchMissingFiles { get; init; }
}
