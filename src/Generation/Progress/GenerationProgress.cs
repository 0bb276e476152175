namespace Locutor.Generation.Progress;

/// <summary>Stage of a generation.</summary>
public enum GenerationStage
{
    Fetching,
    Loading,
    Encoding,
    Denoising,
    Decoding,
    Muxing,
}

/// <summary>Progress of a generation.</summary>
/// <param name="Clip">Number of the current clip, counted from 1; 0 before the first one.</param>
/// <param name="Step">Number of completed denoising steps of this clip.</param>
public readonly record struct GenerationProgress(GenerationStage Stage, int Clip, int Clips, int Step, int Steps)
{
    /// <summary>Completed part of all denoising, 0 to 1; 0 if the number of clips is unknown.</summary>
    public double Fraction => Clip == 0 || Clips == 0 ? 0 : (Clip - 1 + (double)Step / Math.Max(Steps, 1)) / Clips;
}
