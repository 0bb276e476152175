using Locutor.Networks.Layers;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Optimisation;

public sealed class FlatTests
{
    [Fact]
    public void One_vector_steps_as_AdamW_of_libtorch_does()
    {
        int seed = TestSeed.Value;
        var random = new RandomInputs(seed);
        var (network, parameters) = FlatParameters.For(w => new Pair(w), float32, CPU, seed);
        using var adam = new FlatAdam(parameters, new FlatAdamOptions { LargestNorm = 1e9, WeightDecay = 0.1, Beta2 = 0.95 });
        var copies = parameters.Keys.ToDictionary(
            k => k, k => new TorchSharp.Modules.Parameter(parameters.Part(parameters.Values, k).clone()));
        using var reference = optim.AdamW([.. copies.Values], lr: 0.01, beta2: 0.95, weight_decay: 0.1);
        for (int step = 0; step < 5; step++)
        {
            var x = random.Normal(7, 5);
            network.Forward(x).square().mean().backward();
            reference.zero_grad();
            Pair.Forward(x, copies["a.weight"], copies["a.bias"], copies["k"]).square().mean().backward();
            adam.Step(0.01);
            reference.step();
        }
        foreach (var (key, copy) in copies) parameters.Part(parameters.Values, key).ShouldBeNear(copy, 1e-5, key);
    }

    [Fact]
    public void Parameters_of_two_types_share_a_vector_and_gradients_reach_it()
    {
        var (network, parameters) = FlatParameters.For(w => new Pair(w), bfloat16, CPU, 1);
        network.Forward(ones(3, 5, bfloat16)).to(float32).sum().backward();
        using var gradient = parameters.TakeGradient();
        gradient.shape[0].ShouldBe(parameters.Count);
        parameters.Part(gradient, "k").abs().min().item<float>().ShouldBeGreaterThan(0);
        parameters.Part(gradient, "a.bias").abs().min().item<float>().ShouldBeGreaterThan(0);
        using var again = parameters.TakeGradient();
        again.ShouldBeZero();
    }

    private sealed class Pair(Weights weights)
    {
        private readonly Tensor weight = weights["a"].Load("weight", [4, 5]);
        private readonly Tensor bias = weights["a"].Load("bias", [4], Initial.Zeros);
        private readonly Tensor scale = weights.Load("k", [1, 4], Initial.Ones, float32);

        public Tensor Forward(Tensor x) => Forward(x, weight, bias, scale);

        public static Tensor Forward(Tensor x, Tensor weight, Tensor bias, Tensor scale) =>
            nn.functional.linear(x, weight, bias) * scale + 0.1;
    }
}
