using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Files;
using Locutor.Networks.Layers;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Optimisation;

public sealed class WeightAverageTests
{
    [Fact]
    public void Every_weight_is_a_weighted_mean_of_both_files_also_when_one_of_them_is_overwritten()
    {
        using var folder = TemporaryFolder.Create();
        string first = Save(folder, "first", new() { ["w"] = tensor([1f, 2f, 4f], [1, 3]), ["b"] = tensor([-1f]) });
        string second = Save(folder, "second", new() { ["b"] = tensor([2f]), ["w"] = tensor([3f, 2f, 0f], [1, 3]).to(bfloat16) });
        WeightAverage.Write(first, second, share: 0.25, output: first);
        using var file = SafetensorsFile.Open(first);
        file.Tensors["w"].Shape.ShouldBe([1, 3]);
        file.Tensors["w"].ToTensor().data<float>().ToArray().ShouldBe([1.5f, 2f, 3f]);
        file.Tensors["b"].ToTensor().data<float>().ToArray().ShouldBe([-0.25f]);
    }

    [Fact]
    public void Files_of_different_networks_are_refused()
    {
        using var folder = TemporaryFolder.Create();
        string file = Save(folder, "file", new() { ["w"] = zeros(2, 3) });
        foreach (var other in (Dictionary<string, Tensor>[])
            [new() { ["w"] = zeros(3, 2) }, new() { ["v"] = zeros(2, 3) }, new() { ["w"] = zeros(2, 3), ["v"] = zeros(1) }])
        {
            string output = Path.Combine(folder.Path, "mean.safetensors");
            Should.Throw<CheckpointException>(() => WeightAverage.Write(file, Save(folder, "other", other), 0.5, output));
            File.Exists(output).ShouldBeFalse();
        }
    }

    private static string Save(TemporaryFolder folder, string name, Dictionary<string, Tensor> tensors)
    {
        string path = Path.Combine(folder.Path, name + ".safetensors");
        TensorFile.Save(path, tensors);
        return path;
    }
}
