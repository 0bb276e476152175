using System.Text.Json.Nodes;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Cli.Tests;

/// <summary>
/// A bundle of the few-step family whose transformer is an index of shards: it is pulled from a real server, inspected, prepared and used.
/// The networks are those of the bundled model.
/// </summary>
[Collection(CommandsInProcess.Collection)]
public sealed class ShardedBundleTests : IAsyncLifetime
{
    private const string Index = "diffusion_pytorch_model.safetensors.index.json";

    private readonly string folder = Directory.CreateTempSubdirectory("locutor-sharded-").FullName;
    private HubServer server = null!;

    private string Stored => Path.Combine(folder, "home", "models", "owner--few", "main");

    public async ValueTask InitializeAsync() => server = await HubServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task A_few_step_bundle_of_shards_is_pulled_inspected_prepared_and_makes_a_video()
    {
        WriteBundle(Publish(shards: 3));
        (await RunAsync("models", "show", "few")).Output.ShouldContain("5 of 6 files are on this machine");
        (await RunAsync("models", "pull", "few")).Output.ShouldContain("few: 4 files fetched, all 9 here");
        (await RunAsync("models", "verify", "few")).Output.Split('\n')
            .Count(line => line.StartsWith("ok", StringComparison.Ordinal)).ShouldBe(4);
        (await RunAsync("inspect", Stored)).Output.ShouldContain("3 shards of safetensors");
        (await RunAsync("doctor")).Output.ShouldContain("few");

        string before = Path.Combine(folder, "before.mp4"), after = Path.Combine(folder, "after.mp4");
        await GenerateAsync(before);
        var prepared = await RunAsync("models", "prepare", "few", "--precision", "float32");
        prepared.Code.ShouldBe(0, prepared.Error + prepared.Output);
        prepared.Output.ShouldContain("few: transformer in float32 for preset two-steps: prepared and checked");
        foreach (string shard in Directory.EnumerateFiles(Stored)) File.Delete(shard); // they are not needed after the preparation
        (await GenerateAsync(after)).ShouldContain("prepared in float32");
        File.ReadAllBytes(after).AsSpan().SequenceEqual(File.ReadAllBytes(before)).ShouldBeTrue("the two videos differ");
    }

    [Fact]
    public async Task An_index_that_names_files_in_other_folders_is_refused_in_one_line()
    {
        Publish(shards: 1);
        server.Add(Index, """{"weight_map":{"a":"../../../evil.safetensors"}}"""u8.ToArray());
        WriteBundle(Index);
        var pull = await RunAsync("models", "pull", "few");
        pull.Code.ShouldBe(3);
        pull.Error.Trim().Split('\n').Single()
            .ShouldContain("expected the name of a file beside the index, found ../../../evil.safetensors");
        Directory.EnumerateFiles(folder, "*.safetensors", SearchOption.AllDirectories)
            .ShouldAllBe(file => !file.StartsWith(Path.Combine(folder, "home"), StringComparison.Ordinal));
    }

    /// <summary>The transformer of the bundled model in shards.</summary>
    private string Publish(int shards)
    {
        using var whole = CheckpointFormats.Open(Path.Combine(TestEnvironment.Checkout, "models", "sketch", "transformer.safetensors"));
        var map = new JsonObject();
        foreach (var (tensors, number) in
                whole.Tensors.Values.Chunk((whole.Tensors.Count + shards - 1) / shards).Select((tensors, i) => (tensors, i + 1)))
        {
            string name = $"diffusion_pytorch_model-{number:00000}-of-{shards:00000}.safetensors", path = Path.Combine(folder, name);
            using (var writer = new SafetensorsWriter(
                path, [.. tensors.Select(tensor => new TensorOutline(tensor.Name, tensor.Type, tensor.Shape))]))
            {
                foreach (var tensor in tensors) writer.Append(tensor.Name, tensor.Bytes);
                writer.Complete();
            }

            server.Add(name, File.ReadAllBytes(path));
            File.Delete(path);
            foreach (var tensor in tensors) map[tensor.Name] = name;
        }

        server.Add(Index, System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["weight_map"] = map }.ToJsonString()));
        return Index;
    }

    /// <summary>The bundled model with the loop of few steps.</summary>
    private void WriteBundle(string index)
    {
        ShortClips.Write(Path.Combine(folder, "bundles", "few"), bundle =>
        {
            bundle["name"] = "few";
            bundle["networks"]!["transformer"]!["files"] = new JsonArray(new JsonObject { ["path"] = index, ["repository"] = "owner/few" });
            bundle["presets"] = new JsonObject
            {
                ["two-steps"] = new JsonObject
                {
                    ["steps"] = 2,
                    ["shift"] = 5,
                    ["textGuidance"] = 1,
                    ["audioGuidance"] = 1,
                    ["fewSteps"] = true,
                    ["motionFrames"] = 5,
                    ["colourCorrection"] = 1,
                },
            };
            bundle["defaultPreset"] = "two-steps";
            ShortClips.MakePicturesSmall(bundle);
            ShortClips.ShowDrawnPictures(bundle);
        });
    }

    private async Task<string> GenerateAsync(string output)
    {
        string samples = Path.Combine(TestEnvironment.Checkout, "samples"), voice = Path.Combine(folder, "voice.wav");
        ToneVoice.Write(voice, 0.6); // two clips
        var made = await RunAsync(
            "generate", "-i", Path.Combine(samples, "amara.png"), "-a", voice, "-m", "few", "--seed", "5", "--precision", "float32",
            "--json", "-o", output);
        made.Code.ShouldBe(0, made.Error);
        return made.Output;
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => CommandsInProcess.RunAsync(
        new Dictionary<string, string?>
        {
            ["LOCUTOR_MODELS"] = Path.Combine(folder, "bundles"),
            ["HF_ENDPOINT"] = server.Address.AbsoluteUri,
            ["HF_HOME"] = Path.Combine(folder, "hub"),
            ["LOCUTOR_HOME"] = Path.Combine(folder, "home"),
            ["HF_TOKEN"] = null,
            ["LOCUTOR_MIRRORS"] = null,
            ["HF_HUB_OFFLINE"] = null,
            ["LOCUTOR_STORE"] = null,
        },
        arguments);
}
