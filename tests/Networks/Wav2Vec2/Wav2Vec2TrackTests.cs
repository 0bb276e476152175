using Locutor.Networks.Layers;
using Locutor.Networks.Wav2Vec2;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

/// <summary>The encoder that reads a track piece by piece gives what the one that takes all of it gives.</summary>
public sealed class Wav2Vec2TrackTests : IDisposable
{
    private static readonly Wav2Vec2Config Tiny = new(
        Width: 12, Heads: 3, Blocks: 2, FeedForward: 20, ConvolutionWidths: [6, 8, 10], ConvolutionKernels: [10, 3, 2],
        ConvolutionStrides: [5, 2, 2], PositionKernel: 8, PositionGroups: 4);

    private readonly RandomParameters parameters = new(TestSeed.Value);
    private readonly RandomInputs random = new(TestSeed.Value);

    public void Dispose() => parameters.Dispose();

    [Theory]
    [InlineData(1237, 41, 7, 5)]
    [InlineData(1237, 41, 2000, 2048)] // one piece
    [InlineData(3001, 149, 13, 64)]
    [InlineData(617, 31, 1, 1)]
    [InlineData(1237, 27, 7, 5)] // more than two features a frame: a piece may end before the features that the next frame needs
    [InlineData(1237, 20, 1, 1)]
    [InlineData(1237, 6, 2, 3)] // pieces without a frame
    [InlineData(500, 90, 4, 7)] // more frames than features
    [InlineData(30, 1, 3, 3)] // one feature, one frame
    [InlineData(31, 3, 3, 2)] // one feature, several frames
    public void Pieces_of_any_length_give_the_result_of_the_whole(int samples, int frames, int pieceFeatures, int pieceFrames)
    {
        using var scope = NewDisposeScope();
        using var still = no_grad();
        var network = new Wav2Vec2Encoder(new Weights(parameters, ScalarType.Float32, CPU), Tiny)
        {
            PieceFeatures = pieceFeatures,
            PieceFrames = pieceFrames,
        };
        var wave = random.Normal(1, samples) * 0.1 + 0.02;
        var whole = new Wav2Vec2Encoder(new Weights(parameters, ScalarType.Float32, CPU), Tiny)
            .Forward(Wav2Vec2Encoder.Normalise(wave), frames);
        var rows = full([Tiny.Blocks + Wav2Vec2Encoder.OwnSlots, frames, Tiny.Width], double.NaN, ScalarType.Float32);
        network.ForwardTrack(
            samples, (start, count) => wave[0].narrow(0, start, count).clone(), frames,
            (slot, start, given) => rows[slot].narrow(0, start, given.shape[0]).copy_(given),
            (slot, start, count) => rows[slot].narrow(0, start, count).clone());
        rows.narrow(0, 0, Tiny.Blocks).permute(1, 0, 2).unsqueeze(0).ShouldBeNear(whole, 1e-5, $"seed {TestSeed.Value}");
    }

    [Fact]
    public void A_sound_that_is_too_short_is_refused()
    {
        var network = new Wav2Vec2Encoder(new Weights(parameters, ScalarType.Float32, CPU), Tiny);
        Should.Throw<ArgumentException>(
            () => network.ForwardTrack(29, (_, count) => zeros(count), 1, (_, _, _) => { }, (_, _, _) => zeros(0)))
            .Message.ShouldContain("at least 30 samples, found 29");
    }
}
