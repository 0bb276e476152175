using System.Globalization;
using Locutor.Networks.Teams;
using static TorchSharp.torch;

namespace Locutor.Generation.Sampling;

/// <summary>
/// Skips the network or its blocks in some steps of one clip. One decision applies to all passes of a step; every pass has its own cached
/// values.
/// </summary>
public interface IStepCache : IDisposable
{
    /// <summary>Number of steps that did not run the blocks.</summary>
    int Skipped { get; }

    /// <summary>Starts a step and decides for all its passes.</summary>
    /// <param name="step">Index of the step in the clip, from 0.</param>
    /// <param name="latent">Input of the network.</param>
    /// <param name="modulation">Time modulation of the step.</param>
    void Begin(int step, Tensor latent, Tensor modulation);

    /// <summary>Returns the velocity of a pass if the network need not run in this step; otherwise null.</summary>
    Tensor? Known(Pass pass);

    /// <summary>
    /// Returns the residual that the network keeps or reuses in this pass of the step; null if the cache does not need one.
    /// </summary>
    PassResidual? Residual(Pass pass);

    /// <summary>Receives the velocity that the network has computed for a pass of this step.</summary>
    void Learn(Pass pass, Tensor velocity);
}

/// <summary>Options of a step cache: the rule and its threshold.</summary>
public abstract record StepCacheOptions
{
    /// <summary>Name of the rule with its threshold, for messages.</summary>
    public abstract string Name { get; }

    public abstract IStepCache Create();

    public static bool IsValid(string text) => TryParse(text, "", out _);

    /// <summary>
    /// Parses <c>teacache:THRESHOLD</c> or <c>easycache:THRESHOLD</c> with a threshold of 0 to 10. A number alone means TeaCache.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="size">Name of the video's size, on which the coefficients of TeaCache depend.</param>
    /// <param name="options">Receives the options; null for a threshold of 0, which disables the cache.</param>
    /// <returns>False if the text has none of these forms.</returns>
    public static bool TryParse(string text, string size, out StepCacheOptions? options)
    {
        options = null;
        string[] parts = text.Split(':');
        bool number = double.TryParse(parts[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double threshold);
        bool valid = number && threshold is >= 0 and <= 10 && (parts is [_] || parts is ["teacache" or "easycache", _]);
        if (!valid || threshold == 0) return valid;
        options = parts is ["easycache", _]
            ? new EasyCacheOptions(threshold)
            : new TeaCacheOptions(threshold, size == "720p" ? TeaCacheOptions.Wan720p : TeaCacheOptions.Wan480p);
        return true;
    }
}
