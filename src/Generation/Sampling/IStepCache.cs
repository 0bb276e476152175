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
}
