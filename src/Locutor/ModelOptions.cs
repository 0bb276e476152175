namespace Locutor;

/// <summary>How exactly the networks compute.</summary>
public enum ModelPrecision
{
    /// <summary>The fastest precision of the device; weights stay as they are stored.</summary>
    Auto,

    /// <summary>32-bit floating point: slowest, and equal on every CPU.</summary>
    Float32,

    /// <summary>bfloat16; float16 on a GPU that has no bfloat16.</summary>
    BFloat16,

    /// <summary>bfloat16, and 8-bit floating point (e4m3) for the matrices of the transformer's blocks: half the memory.</summary>
    Float8,

    /// <summary>bfloat16, and 8-bit integers for the matrices of the transformer's blocks: half the memory.</summary>
    Int8,
}

/// <summary>How a model is loaded.</summary>
public sealed record ModelOptions
{
    /// <summary>
    /// The device that runs the networks: <c>auto</c> is the first GPU and, where there is none, the CPU; <c>cpu</c>; <c>cuda</c> or
    /// <c>cuda:0</c>, <c>cuda:1</c>, ... is a GPU.
    /// </summary>
    public string Device { get; init; } = "auto";

    /// <summary>How exactly the networks compute.</summary>
    public ModelPrecision Precision { get; init; }

    /// <summary>
    /// Name of the model's preset (<see cref="ModelInfo.Presets"/>), which sets steps and guidance; null for the model's default.
    /// </summary>
    public string? Preset { get; init; }

    /// <summary>
    /// Adapters (LoRA) that are merged into the model: up to 4 names of files <c>adapters/MODEL/NAME.safetensors</c> in the folder of
    /// <see cref="Store"/>, each as <c>NAME</c> or <c>NAME=STRENGTH</c> with a strength from -2 to 2.
    /// </summary>
    public IReadOnlyList<string> Lora { get; init; } = [];

    /// <summary>
    /// Bytes of the GPU's memory that may be used, at least 1; null for all. What does not fit stays in the machine's memory and is copied
    /// to the GPU when it is needed, which is slower. It changes nothing on a CPU.
    /// </summary>
    public long? MemoryBudget { get; init; }

    /// <summary>
    /// Folder of fetched model files; null for the folder that the environment variable <c>LOCUTOR_STORE</c> names, or
    /// <c>~/.local/share/locutor/models</c>.
    /// </summary>
    public string? Store { get; init; }

    /// <summary>
    /// Whether files of the model that are not on disk are fetched from the model hub (<c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>), which can be
    /// tens of gigabytes. The bundled model needs none.
    /// </summary>
    public bool FetchMissingFiles { get; init; }
}
