namespace Locutor.Generation;

/// <summary>What is being done.</summary>
public enum GenerationStage
{
    Fetching,
    Loading,
    Encoding,
    Denoising,
    Decoding,
    Muxing,
}

/// <summary>How far a video is.</summary>
/// <param name="Clip">Number of the clip in work, from 1; 0 before the first.</param>
/// <param name="Step">Denoising steps done of this clip.</param>
public readonly record struct GenerationProgress(GenerationStage Stage, int Clip, int Clips, int Step, int Steps)
{
    /// <summary>Done part of all denoising, 0 to 1.</summary>
    public double Fraction => Clip == 0 || Clips == 0 ? 0 : (Clip - 1 + (double)Step / Math.Max(Steps, 1)) / Clips;
}
