using Locutor.Checkpoints;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Networks.Tests;

public class ParameterSourceTests
{
    [Fact]
    public void Random_parameters_depend_on_seed_and_key_but_not_on_order()
    {
        long seed = TestSeed.Value;
        using var one = new RandomParameters(seed);
        using var two = new RandomParameters(seed);
        using var other = new RandomParameters(seed + 1);
        var a = one.Load("a", [37, 11], Initial.Normal, ScalarType.Float32, CPU);
        var b = one.Load("b", [37, 11], Initial.Normal, ScalarType.Float32, CPU);
        var b2 = two.Load("b", [37, 11], Initial.Normal, ScalarType.Float32, CPU);
        var a2 = two.Load("a", [37, 11], Initial.Normal, ScalarType.Float32, CPU);
        a.Equals(a2).ShouldBeTrue($"seed {seed}");
        b.Equals(b2).ShouldBeTrue($"seed {seed}");
        a.Equals(b).ShouldBeFalse($"seed {seed}");
        a.Equals(other.Load("a", [37, 11], Initial.Normal, ScalarType.Float32, CPU)).ShouldBeFalse($"seed {seed}");
    }

    [Fact]
    public void Random_parameters_are_initialised_as_requested()
    {
        using var source = new RandomParameters(5, trainable: true);
        var weights = new Weights(source, ScalarType.BFloat16, CPU)["layer"];
        var normal = weights.Load("weight", [400, 25, 2], type: ScalarType.Float32);
        normal.std().item<float>().ShouldBe((float)(1 / Math.Sqrt(50)), 0.005f);
        weights.Load("bias", [400], Initial.Zeros).sum().to(ScalarType.Float32).item<float>().ShouldBe(0);
        weights.Load("scale", [16], Initial.Ones).sum().to(ScalarType.Float32).item<float>().ShouldBe(16);
        weights.Load("bias", [400], Initial.Zeros).dtype.ShouldBe(ScalarType.BFloat16);
        source.Trainable.Select(entry => entry.Key).ShouldBe(["layer.bias", "layer.scale", "layer.weight"]);
        source.Trainable.ShouldAllBe(entry => entry.Value.is_leaf);
    }

    [Fact]
    public void The_same_key_in_another_shape_is_refused()
    {
        using var random = new RandomParameters(1);
        using var shapes = new ShapeParameters();
        foreach (var source in new IParameterSource[] { random, shapes })
        {
            source.Load("k", [2, 3], Initial.Ones, ScalarType.Float32, CPU);
            Should.Throw<CheckpointException>(
                () => source.Load("k", [3, 2], Initial.Ones, ScalarType.Float32, CPU)).Message.ShouldContain("k");
        }
    }

    [Fact]
    public void Shape_parameters_take_no_memory()
    {
        using var source = new ShapeParameters();
        var tensor = source.Load("huge", [1L << 20, 1L << 20], Initial.Normal, ScalarType.Float32, CPU);
        tensor.shape.ShouldBe([1L << 20, 1L << 20]);
        source.Shapes["huge"].ShouldBe([1L << 20, 1L << 20]);
    }
}
