using static Locutor.Torch.Scopes;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests;

public sealed class ScopesTests
{
    [Fact]
    public void A_formula_keeps_its_result_and_frees_everything_else()
    {
        Tensor? inner = null;
        Tensor result;
        using (NewDisposeScope())
        {
            result = Scoped(() =>
            {
                inner = ones(3) + 1;
                return inner * 2;
            });
            inner!.IsInvalid.ShouldBeTrue();
            result.data<float>().ToArray().ShouldBe([4f, 4f, 4f]);
        }

        result.IsInvalid.ShouldBeTrue();
    }

    [Fact]
    public void A_formula_keeps_every_tensor_of_a_group()
    {
        using var scope = NewDisposeScope();
        var pair = Scoped(() => new Pair(ones(2), zeros(2)));
        pair.First.sum().item<float>().ShouldBe(2);
        pair.Second.sum().item<float>().ShouldBe(0);
        var (sum, product) = Scoped(() => (pair.First + 1, pair.First * 0));
        sum.sum().item<float>().ShouldBe(4);
        product.sum().item<float>().ShouldBe(0);
        pair.Free();
        pair.First.IsInvalid.ShouldBeTrue();
        pair.Second.IsInvalid.ShouldBeTrue();
    }

    [Fact]
    public void A_detached_result_outlives_every_scope()
    {
        Tensor result;
        using (NewDisposeScope()) result = Detached(() => ones(4) * 2);
        using (result) result.sum().item<float>().ShouldBe(8);
    }

    [Fact]
    public void A_chain_frees_the_input_of_every_layer()
    {
        using var scope = NewDisposeScope();
        List<Tensor> inputs = [];
        Func<Tensor, Tensor> doubled = x =>
        {
            inputs.Add(x);
            return x * 2;
        };

        Chain(ones(1), [doubled, doubled, doubled]).item<float>().ShouldBe(8);
        inputs.Count.ShouldBe(3);
        inputs.ShouldAllBe(x => x.IsInvalid);
    }

    [Fact]
    public void Wrapped_memory_is_read_without_a_copy()
    {
        float[] values = [1, 2, 3, 4];
        unsafe
        {
            fixed (float* first = values)
            {
                using var tensor = TensorMemory.Wrap((nint)first, [2, 2], ScalarType.Float32);
                TensorMemory.Address(tensor).ShouldBe((nint)first);
                values[3] = 9;
                tensor[1, 1].item<float>().ShouldBe(9);
                TensorMemory.Bytes(tensor).Length.ShouldBe(16);
            }
        }
    }

    private sealed record Pair(Tensor First, Tensor Second) : ITensorGroup
    {
        public IEnumerable<Tensor> Tensors => [First, Second];
    }
}
