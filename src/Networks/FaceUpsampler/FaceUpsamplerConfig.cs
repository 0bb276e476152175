namespace Locutor.Networks.FaceUpsampler;

/// <summary>Sizes of a <see cref="FaceUpsampler"/>.</summary>
/// <param name="Width">Channels between the first and the last convolution.</param>
/// <param name="Blocks">Residual blocks of two convolutions.</param>
/// <param name="Factor">Pixels of a side that one drawn pixel becomes.</param>
public sealed record FaceUpsamplerConfig(int Width, int Blocks, int Factor);
