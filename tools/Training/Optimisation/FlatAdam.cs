using static TorchSharp.torch;

namespace Locutor.Training.Optimisation;

/// <summary>The options of <see cref="FlatAdam"/>.</summary>
public sealed record FlatAdamOptions
{
    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.98;

    public double Epsilon { get; init; } = 1e-8;

    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The norm to which larger gradients are clipped.</summary>
    public double LargestNorm { get; init; } = 1;

    /// <summary>The decay of the moving average. It is smaller during the first steps.</summary>
    public double AverageDecay { get; init; } = 0.999;
}

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101), gradient norm clipping and an exponential moving average of
/// the parameters, on <see cref="FlatParameters"/>. A step takes about twenty kernels and does not wait for the device.
/// </summary>
public sealed class FlatAdam : IDisposable
{
    private readonly FlatParameters parameters;
    private readonly FlatAdamOptions options;
    private readonly Tensor first;
    private readonly Tensor second;

    public FlatAdam(FlatParameters parameters, FlatAdamOptions options)
    {
        this.parameters = parameters;
        this.options = options;
        first = zeros_like(parameters.Values).DetachFromDisposeScope();
        second = zeros_like(parameters.Values).DetachFromDisposeScope();
        Average = parameters.Values.clone().DetachFromDisposeScope();
        GradientNorm = zeros(1, float32, parameters.Device).DetachFromDisposeScope();
    }

    /// <summary>The number of completed steps.</summary>
    public long Steps { get; private set; }

    /// <summary>The moving average of all parameters, laid out as <see cref="FlatParameters.Values"/>.</summary>
    public Tensor Average { get; }

    /// <summary>Norm of the last gradient before clipping, [1], on the device.</summary>
    public Tensor GradientNorm { get; }

    /// <summary>The tensors that a resumed run needs in addition to <see cref="Steps"/>, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>
    {
        ["values"] = parameters.Values,
        ["first"] = first,
        ["second"] = second,
        ["average"] = Average,
    };

    /// <summary>
    /// Updates the parameters with the gradients of the backward pass and clears the gradients. A gradient that is not finite counts as
    /// zero.
    /// </summary>
    public void Step(double rate)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Steps++;
        var gradient = parameters.TakeGradient();
        GradientNorm.copy_(gradient.norm().view(1));
        gradient.mul_((GradientNorm + 1e-6).reciprocal().mul_(options.LargestNorm).clamp_max(1));
        gradient.nan_to_num_(0, 0, 0);
        first.mul_(options.Beta1).add_(gradient, 1 - options.Beta1);
        second.mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
        double correction1 = 1 - Math.Pow(options.Beta1, Steps), correction2 = 1 - Math.Pow(options.Beta2, Steps);
        var denominator = second.sqrt().div_(Math.Sqrt(correction2)).add_(options.Epsilon);
        if (options.WeightDecay > 0) parameters.Values.mul_(1 - rate * options.WeightDecay);
        parameters.Values.addcdiv_(first, denominator, -rate / correction1);
        parameters.Publish();
        double keep = Math.Min(options.AverageDecay, (1.0 + Steps) / (10 + Steps));
        Average.mul_(keep).add_(parameters.Values, 1 - keep);
    }

    /// <summary>Continues from a saved <see cref="State"/>. Call it after the tensors of the state were filled.</summary>
    public void Resume(long steps)
    {
        Steps = steps;
        parameters.Publish();
    }

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
        Average.Dispose();
        GradientNorm.Dispose();
    }
}
