using Locutor.Checkpoints;
using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Parity.Tests;

public sealed class LoraMergeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-lora-").FullName;

    public static TheoryData<string> Files => Goldens.Files("lora_merge");

    [Theory]
    [MemberData(nameof(Files))]
    public void Merging_an_adapter_equals_the_reference(string file)
    {
        using var golden = Goldens.Open(file);
        using var network = Part(golden, "weights.");
        using var lora = LoraFile.From(Part(golden, "in."));
        var adapter = lora.FitTo(network, golden.Config.GetProperty("scale").GetDouble());
        using var parameters = new CheckpointParameters(network, adapter);

        string[] changed = golden.Names.Where(n => n.StartsWith("out.", StringComparison.Ordinal)).Select(n => n["out.".Length..])
            .ToArray();
        adapter.Targets.Order(StringComparer.Ordinal).ShouldBe(changed.Order(StringComparer.Ordinal));
        foreach (var (key, stored) in network.Tensors)
        {
            using var scope = NewDisposeScope();
            var merged = parameters.Load(key, stored.Shape, Initial.Normal, ScalarType.Float32, Goldens.Device);
            if (changed.Contains(key)) merged.ShouldBeNear(golden.Output(key), 1e-5);
            else merged.cpu().eq(stored.AsTensor()).all().item<bool>().ShouldBeTrue(key);
        }
    }

    private SafetensorsFile Part(Golden golden, string prefix)
    {
        string path = Path.Combine(folder, prefix + "safetensors");
        CheckpointTensor[] tensors =
        [
            .. golden.File.Tensors.Values.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(t => t with { Name = t.Name[prefix.Length..] })
        ];
        SafetensorsWriter.Write(path, tensors);
        return SafetensorsFile.Open(path);
    }

    public void Dispose() => Directory.Delete(folder, true);
}
