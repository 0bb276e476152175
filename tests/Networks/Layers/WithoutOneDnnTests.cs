using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests.Layers;

/// <summary>Switching oneDNN off changes the rounding in all threads, so no other test runs at the same time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

[Collection(Alone.Name)]
public sealed class WithoutOneDnnTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_convolution_without_oneDNN_equals_the_definition(ScalarType type)
    {
        foreach (var (inputs, outputs) in new[] { (3L, 17L), (24L, 5L), (36L, 1L) })
        {
            foreach (var shape in ConvolutionTests.Shapes(inputs, outputs))
                ConvolutionTests.Compare(ConvolutionPaths.WithoutOneDnn, shape, type, false, ConvolutionTests.Strided(shape, type));
        }
    }
}
