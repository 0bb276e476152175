namespace Locutor.Checkpoints.Lora;

/// <summary>One change of one parameter: W += strength * scale * Up Down, or W += strength * Difference.</summary>
/// <param name="Target">The network's own key.</param>
/// <param name="Down">[rank, inputs] or, for a convolution, [rank, inputs, ...]; null for a plain difference.</param>
/// <param name="Up">[outputs, rank] or [outputs, rank, 1, ...]; null for a plain difference.</param>
/// <param name="Difference">As many elements as the parameter; null for a low-rank pair.</param>
/// <param name="Scale">alpha / rank if the file has an alpha, otherwise 1.</param>
public sealed record LoraPatch(string Target, CheckpointTensor? Down, CheckpointTensor? Up, CheckpointTensor? Difference, double Scale);
