using Locutor.Generation.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>A part of a frame that an upsampler drew larger than the video network did.</summary>
/// <param name="Box">In drawn pixels.</param>
/// <param name="Factor">Pixels of a side for one drawn pixel.</param>
/// <param name="Pixels">Rows of R, G, B of the whole box, 0 to 255.</param>
public readonly record struct DrawnPart(PixelRegion Box, int Factor, float[] Pixels);
