using Locutor.Generation;
using Locutor.Generation.Conditioning;
using Locutor.Generation.Settings;

namespace Locutor.Cli.Generate;

/// <summary>The command line of <c>locutor generate</c>, read but not yet checked against a bundle.</summary>
internal sealed record GenerateArguments
{
    public required string Image { get; init; }

    public required IReadOnlyList<string> Audio { get; init; }

    public required VoicePlacement Placement { get; init; }

    public required IReadOnlyList<SpeakerBox> Speakers { get; init; }

    public required string Prompt { get; init; }

    public required string NegativePrompt { get; init; }

    public required string Output { get; init; }

    public string? Model { get; init; }

    public string? Preset { get; init; }

    public string? Size { get; init; }

    public required SettingOverrides Overrides { get; init; }

    public long? Seed { get; init; }

    public required string Device { get; init; }

    public Precision Precision { get; init; }

    /// <summary>Bytes of the GPU to make do with; null: all.</summary>
    public long? VramBudget { get; init; }

    public bool Fragmented { get; init; }

    public bool Json { get; init; }
}
