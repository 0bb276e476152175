using Locutor.Checkpoints;
using Locutor.Generation.Loading;
using Locutor.Generation.Preparation;
using Locutor.Generation.Requests;
using Locutor.Kernels.Quantisation;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Generation.Tests.Preparation;

/// <summary>Adapters (LoRA) that an operator has put into the store, with the bundled model.</summary>
public sealed class OwnAdapterTests : IDisposable
{
    private const string Layer = "blocks.0.self_attn.q", Weight = Layer + ".weight";
    private const int Width = 256;

    private readonly string store = Directory.CreateTempSubdirectory("locutor-store-").FullName;

    [Fact]
    public void The_files_of_the_folder_are_offered_by_name()
    {
        foreach (string name in new[] { "film", "soft.v2", "-dash", "a=b", "a,b", "white space", new string('x', 65) }) WriteAdapter(name);

        Model().Bundle.OwnAdapters.Keys.ShouldBe(["film", "soft.v2"]);
    }

    [Fact]
    public async Task An_adapter_is_merged_into_the_sources_although_a_prepared_file_is_there()
    {
        WriteAdapter("film");
        var model = Model();
        await ModelPreparation.PrepareAsync(
            model, NetworkKind.Transformer, [], WeightPrecision.Int8, null, TestContext.Current.CancellationToken);

        using var plain = new NetworkSources(model, []).OpenToRun(NetworkKind.Transformer, ScalarType.Float32, null);
        using var adapted = new NetworkSources(model, [Adapter(model, "film")])
            .OpenToRun(NetworkKind.Transformer, ScalarType.Float32, null);

        plain.Summary.Single().ShouldContain("prepared in int8");
        adapted.Summary.ShouldAllBe(line => !line.Contains("prepared", StringComparison.Ordinal));
        adapted.Adapters.Single().Targets.ShouldBe([Weight]);
        adapted.Usual.ShouldBe(LinearPrecision.Int8, "memory is as without the adapter");
    }

    [Fact]
    public void Weights_after_an_adapter_are_those_before_it_bit_for_bit()
    {
        WriteAdapter("film");
        var model = Model();

        using var before = Load(model, []);
        using var adapted = Load(model, [Adapter(model, "film")]);
        using var after = Load(model, []);

        adapted.equal(before).all().item<bool>().ShouldBeFalse();
        after.equal(before).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void A_file_that_was_replaced_is_another_adapter()
    {
        WriteAdapter("film");
        var first = Adapter(Model(), "film");
        Adapter(Model(), "film").ShouldBe(first);
        File.SetLastWriteTimeUtc(first.File.Path, DateTime.UtcNow.AddMinutes(1));
        Adapter(Model(), "film").ShouldNotBe(first);
    }

    [Fact]
    public void An_adapter_for_another_network_is_refused_without_the_path()
    {
        WriteAdapter("wide", 2 * Width);
        var model = Model();
        var refusal = Should.Throw<RequestException>(() => AdapterFit.Check(model, [Adapter(model, "wide")]));
        refusal.Message.ShouldContain($"wide: {Layer}.lora_down.weight: expected [{Width}, rank]");
        refusal.Message.ShouldNotContain(store);

        File.WriteAllText(Path.Combine(store, "adapters", "sketch", "wide.safetensors"), "no tensors");
        Should.Throw<RequestException>(() => AdapterFit.Check(model, [Adapter(model, "wide")])).Message.ShouldNotContain(store);
    }

    public void Dispose() => Directory.Delete(store, true);

    private ResolvedBundle Model() => BundleCatalogue.Default(store).Find("sketch")!;

    private static BundleAdapter Adapter(ResolvedBundle model, string name) =>
        VideoSettings.Resolve(model.Bundle, VideoRequest.Empty.With(VideoFields.Lora, new[] { name + "=2" })).Adapters.Single();

    private static Tensor Load(ResolvedBundle model, BundleAdapter[] adapters)
    {
        using var source = new NetworkSources(model, adapters).OpenToRun(NetworkKind.Transformer, ScalarType.Float32, null);
        using var parameters = new CheckpointParameters(source.Checkpoint, source.Adapters);
        return parameters.Load(Weight, [Width, Width], Initial.Normal, ScalarType.Float32, CPU).clone().DetachFromDisposeScope();
    }

    private void WriteAdapter(string name, int width = Width)
    {
        string folder = Directory.CreateDirectory(Path.Combine(store, "adapters", "sketch")).FullName;
        var random = new Random((int)TestSeed.Value);
        string written = FormatFile.Write("safetensors float32", folder,
        [
            StoredTensor.Plain(random, Layer + ".lora_down.weight", [1, width], StoredType.Float32),
            StoredTensor.Plain(random, Layer + ".lora_up.weight", [width, 1], StoredType.Float32),
        ]);
        File.Move(written, Path.Combine(folder, name + ".safetensors"), overwrite: true);
    }
}
