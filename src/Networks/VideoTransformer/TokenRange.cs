using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Locutor.Networks.VideoTransformer;

/// <summary>Consecutive tokens of a clip. They may begin and end inside a latent frame.</summary>
/// <param name="Start">Index of the first token in the clip.</param>
/// <param name="Count">Number of tokens.</param>
/// <param name="PerFrame">Tokens of one latent frame.</param>
public readonly record struct TokenRange(long Start, long Count, long PerFrame)
{
    /// <summary>First latent frame of which the range has tokens.</summary>
    public long FirstFrame => Start / PerFrame;

    /// <summary>Number of latent frames of which the range has tokens.</summary>
    public long Frames => (Start + Count + PerFrame - 1) / PerFrame - FirstFrame;

    /// <summary>Tokens of the first frame that lie before the range.</summary>
    private long Before => Start - FirstFrame * PerFrame;

    /// <summary>Divides the tokens of a clip into ranges of nearly equal length.</summary>
    /// <param name="grid">Tokens of the clip.</param>
    /// <param name="parts">Number of ranges.</param>
    /// <param name="multiple">Ranges begin at multiples of this number of tokens.</param>
    public static IReadOnlyList<TokenRange> Split(PatchGrid grid, int parts, long multiple = 1)
    {
        long units = (grid.Tokens + multiple - 1) / multiple;
        long[] starts = [.. Enumerable.Range(0, parts + 1).Select(i => Math.Min(i * units / parts * multiple, grid.Tokens))];
        return [.. Enumerable.Range(0, parts).Select(i => new TokenRange(starts[i], starts[i + 1] - starts[i], grid.TokensPerFrame))];
    }

    /// <summary>Arranges the tokens by frame; missing tokens of the first and last frame become zeros.</summary>
    /// <param name="x">[B, Count, C]</param>
    /// <returns>[B * Frames, PerFrame, C]</returns>
    public Tensor ByFrame(Tensor x)
    {
        long after = Frames * PerFrame - Before - Count;
        var whole = Before == 0 && after == 0 ? x : pad(x, [0, 0, Before, after]);
        return whole.reshape(x.shape[0] * Frames, PerFrame, x.shape[2]);
    }

    /// <summary>Undoes <see cref="ByFrame"/>.</summary>
    /// <param name="x">[B * Frames, PerFrame, C]</param>
    /// <returns>[B, Count, C]</returns>
    public Tensor FromFrames(Tensor x)
    {
        var whole = x.reshape(x.shape[0] / Frames, Frames * PerFrame, x.shape[2]);
        return whole.shape[1] == Count ? whole : whole.narrow(1, Before, Count).contiguous();
    }
}
