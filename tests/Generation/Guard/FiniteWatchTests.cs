using Locutor.Generation.Guard;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Guard;

public sealed class FiniteWatchTests
{
    public static TheoryData<string> Devices => cuda.is_available() ? ["cpu", "cuda"] : ["cpu"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void One_value_that_is_not_finite_is_noticed_and_named(string name)
    {
        var device = new Device(name);
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
        {
            foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                using var scope = NewDisposeScope();
                var result = zeros([3, 5, 7], type, device);
                result[1, 4, 6] = bad;
                var failure = Should.Throw<WrongResultException>(() =>
                {
                    using var watch = new FiniteWatch("bfloat16");
                    watch.Look(result, "video transformer", "step 2 of 4 of clip 1");
                    watch.Finish(device);
                });
                (failure.Network, failure.When).ShouldBe(("video transformer", "step 2 of 4 of clip 1"));
                failure.Message.ShouldStartWith(
                    "the video transformer gave numbers that are not finite at step 2 of 4 of clip 1, in bfloat16");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Infinite_values_of_both_signs_are_noticed(string name)
    {
        var device = new Device(name);
        using var watch = new FiniteWatch("float32");
        using var result = tensor(new[] { float.PositiveInfinity, float.NegativeInfinity }, device: device);
        Should.Throw<WrongResultException>(() =>
        {
            watch.Look(result, "video autoencoder", "the decoding of clip 1");
            watch.Finish(device);
        });
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Finite_results_pass_whatever_their_size(string name)
    {
        var device = new Device(name);
        using var watch = new FiniteWatch("float32");
        using var scope = NewDisposeScope();
        watch.Look(zeros(8, ScalarType.Float32, device), "a", "b");
        watch.Look(full([1000], 6e4, ScalarType.Float16, device), "a", "b"); // the sum overflows float16
        watch.Look(full([1], 3e38, ScalarType.Float32, device), "a", "b");
        watch.Look(empty([0, 3], ScalarType.Float32, device), "a", "b");
        watch.Finish(device);
    }

    [Fact]
    public void The_first_wrong_result_is_the_one_that_is_named()
    {
        using var watch = new FiniteWatch("float32");
        using var bad = full([2], float.NaN);
        using var good = ones(2);
        watch.Look(good, "first", "1");
        Should.Throw<WrongResultException>(() => watch.Look(bad, "second", "2")).Network.ShouldBe("second");
    }
}
