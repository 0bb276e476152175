using System.Globalization;
using Locutor.Networks.VideoTransformer;
using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>Lets steps of one clip do without the network, or without its blocks. One decision holds for all passes of a step, and every pass keeps its own memory.</summary>
public interface IStepCache : IDisposable
{
    /// <summary>Steps that did not run the blocks.</summary>
    int Skipped { get; }

    /// <summary>Decides for all passes of a step.</summary>
    /// <param name="step">0 for the first of the clip.</param>
    /// <param name="latent">What the network is given.</param>
    /// <param name="modulation">Time modulation of the step.</param>
    void Begin(int step, Tensor latent, Tensor modulation);

    /// <summary>The velocity of a pass, of the network or in its place.</summary>
    /// <param name="run">Runs the network; what its blocks add goes to or comes from the residual, if one is given.</param>
    Tensor Forward(Pass pass, Func<BlockResidual?, Tensor> run);
}

/// <summary>Which rule decides, and how far it may go.</summary>
public abstract record StepCacheOptions
{
    /// <summary>In words, with its threshold.</summary>
    public abstract string Name { get; }

    public abstract IStepCache Create();

    public static bool IsValid(string text) => TryParse(text, "", out _);

    /// <summary>Reads a threshold, <c>teacache:THRESHOLD</c> or <c>easycache:THRESHOLD</c>, of 0 to 10. A threshold alone means TeaCache.</summary>
    /// <param name="size">Name of the video's size; the coefficients of TeaCache depend on it.</param>
    /// <param name="options">Null for a threshold of 0, which turns the cache off.</param>
    /// <returns>False when the text is none of these.</returns>
    public static bool TryParse(string text, string size, out StepCacheOptions? options)
    {
        options = null;
        string[] parts = text.Split(':');
        bool number = double.TryParse(parts[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double threshold);
        bool valid = number && threshold is >= 0 and <= 10 && (parts is [_] || parts is ["teacache" or "easycache", _]);
        if (!valid || threshold == 0) return valid;
        options = parts is ["easycache", _] ? new EasyCacheOptions(threshold) : new TeaCacheOptions(threshold, size == "720p" ? TeaCacheOptions.Wan720p : TeaCacheOptions.Wan480p);
        return true;
    }
}
