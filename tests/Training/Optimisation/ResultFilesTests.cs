using Locutor.Checkpoints;
using Locutor.Training.Optimisation;
using static TorchSharp.torch;

namespace Locutor.Training.Tests.Optimisation;

public sealed class ResultFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-results-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_newer_of_a_whole_file_and_two_halves_replaces_the_other()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { ["a"] = ones(3), ["b"] = zeros(5) };
        Found().ShouldBeEmpty();
        ResultFiles.SaveHalves(folder, "net", tensors);
        Found().ShouldBe(["net-1.safetensors", "net-2.safetensors"]);
        ResultFiles.SaveWhole(folder, "net", tensors);
        Found().ShouldBe(["net.safetensors"]);
        ResultFiles.SaveHalves(folder, "net", tensors);
        Found().ShouldBe(["net-1.safetensors", "net-2.safetensors"]);
    }

    [Fact]
    public void A_folder_with_both_is_refused()
    {
        using var scope = NewDisposeScope();
        ResultFiles.SaveHalves(folder, "net", new Dictionary<string, Tensor> { ["a"] = ones(3), ["b"] = zeros(5) });
        File.Copy(Path.Combine(folder, "net-1.safetensors"), Path.Combine(folder, "net.safetensors"));
        Should.Throw<CheckpointException>(Found).Message.ShouldContain("net.safetensors or net-1.safetensors, found both");
    }

    private string?[] Found() => [.. ResultFiles.Find(folder, "net").Select(Path.GetFileName)];
}
