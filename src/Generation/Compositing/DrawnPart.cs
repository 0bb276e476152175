using Locutor.Generation.Pictures;

namespace Locutor.Generation.Compositing;

/// <summary>A part of a generated frame that was upsampled by a network.</summary>
/// <param name="Box">Box of the part in generated pixels.</param>
/// <param name="Factor">Upsampling factor of each side.</param>
/// <param name="Pixels">The whole upsampled box, rows of R, G, B, 0 to 255.</param>
public readonly record struct DrawnPart(PixelRegion Box, int Factor, float[] Pixels);
