using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Cli.Tests;

[Collection(CommandsInProcess.Collection)]
public sealed class PrepareCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-prepare-").FullName;
    private readonly Random random = TestSeed.NewRandom();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Bundle => Path.Combine(folder, "bundles", "own");

    private string Home => Path.Combine(folder, "home");

    [Fact]
    public async Task A_prepared_network_makes_the_same_video_until_its_sources_change()
    {
        CopySketch();
        string voice = WriteVoice(), before = Path.Combine(folder, "before.mp4"), after = Path.Combine(folder, "after.mp4");
        string[] generate =
        [
            "generate", "-i", Path.Combine(folder, "picture.png"), "-a", voice, "-m", Path.Combine(Bundle, "bundle.json"), "--preset",
            "default", "--steps", "1", "--seed", "5", "--json", "-y", "-o"
        ];
        (await RunAsync([.. generate, before])).Code.ShouldBe(0);

        var made = await RunAsync("models", "prepare", "own", "--precision", "float32", "--json");
        made.Code.ShouldBe(0, made.Error);
        var done = Event(made.Output, "done");
        done["wasThere"]!.GetValue<bool>().ShouldBeFalse();
        string path = done["path"]!.GetValue<string>();
        done["files"]![0]!.GetValue<string>().ShouldEndWith("transformer.safetensors: " + Tensors(path) + " tensors");
        Event(made.Output, "progress")["doing"]!.GetValue<string>().ShouldBe("checking");
        Event((await RunAsync("models", "prepare", "own", "--precision", "float32", "--json")).Output, "done")["wasThere"]!
            .GetValue<bool>().ShouldBeTrue();
        (await RunAsync("models", "list", "--json")).Output.ShouldContain("transformer-float32-");

        var again = await RunAsync([.. generate, after]);
        again.Code.ShouldBe(0, again.Error);
        Event(again.Output, "weights")["files"]!.AsArray().Select(f => f!.GetValue<string>())
            .ShouldContain($"{path}: {Tensors(path)} tensors, prepared in float32");
        File.ReadAllBytes(after).AsSpan().SequenceEqual(File.ReadAllBytes(before)).ShouldBeTrue("the two videos differ");

        File.SetLastWriteTimeUtc(Path.Combine(Bundle, "transformer.safetensors"), DateTime.UtcNow.AddMinutes(-3));
        Event((await RunAsync([.. generate, after])).Output, "weights")["files"]!.ToJsonString().ShouldNotContain("prepared");
    }

    [Fact]
    public async Task A_damaged_prepared_file_is_found_and_an_unused_one_is_deleted()
    {
        CopySketch();
        var made = await RunAsync("models", "prepare", "own", "--network", "text", "--precision", "int8");
        made.Code.ShouldBe(0, made.Error);
        made.Output.ShouldContain("own: text in int8: prepared and checked");
        string path = Directory.EnumerateFiles(Path.Combine(Home, "models", "prepared", "own"), "text-int8-*.safetensors").Single();
        (await RunAsync("models", "verify", "own")).Output.ShouldContain($"ok             {path}");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        var verify = await RunAsync("models", "verify", "own");
        verify.Code.ShouldBe(3);
        verify.Output.ShouldContain($"WRONG          {path}: tensor ");
        string other = Path.Combine(
            Directory.CreateDirectory(Path.Combine(Home, "models", "prepared", "other")).FullName, "transformer-int8-01234567.safetensors");
        File.WriteAllText(other, "x");
        (await RunAsync("models", "prune")).Code.ShouldBe(0);
        (File.Exists(other), File.Exists(path)).ShouldBe((false, true));
        (await RunAsync("models", "verify", "own", "--delete")).Output.ShouldContain($"deleted        {path}");
        File.Exists(path).ShouldBeFalse();
    }

    [Fact]
    public async Task Files_of_a_store_that_is_named_are_used()
    {
        CopySketch();
        string voice = WriteVoice(), store = Path.Combine(folder, "elsewhere");
        var made = await RunAsync("models", "prepare", "own", "--precision", "float32", "--store", store);
        made.Code.ShouldBe(0, made.Error);
        string[] generate =
        [
            "generate", "-i", Path.Combine(folder, "picture.png"), "-a", voice, "-m", "own", "--preset", "default", "--steps", "1",
            "--json", "-y", "-o", Path.Combine(folder, "video.mp4")
        ];
        var there = await RunAsync([.. generate, "--store", store]);
        there.Code.ShouldBe(0, there.Error);
        Event(there.Output, "weights")["files"]!.AsArray().Select(f => f!.GetValue<string>())
            .ShouldContain(
                file => file.StartsWith(store, StringComparison.Ordinal) && file.EndsWith("prepared in float32", StringComparison.Ordinal));
        Event((await RunAsync(generate)).Output, "weights")["files"]!.ToJsonString().ShouldNotContain("prepared");
    }

    [Fact]
    public async Task A_preparation_that_was_killed_is_resumed_and_gives_an_equal_file()
    {
        string source = Path.Combine(folder, "source.safetensors"), whole = Path.Combine(folder, "whole.safetensors"),
            killed = Path.Combine(folder, "killed.safetensors");
        WriteSource(source, 24, 800, 1024);
        (await RunAsync("models", "prepare", "--weights", source, "--precision", "float8", "-o", whole)).Code.ShouldBe(0);
        int kills = 0;
        for (int i = 0; i < 4; i++)
        {
            using var process = Start("models", "prepare", "--weights", source, "--precision", "float8", "-o", killed, "--json");
            while (await process.StandardOutput.ReadLineAsync(Stop) is { } line && !line.Contains("\"writing\"", StringComparison.Ordinal))
            {
            }
            await Task.Delay(random.Next(80), Stop);
            if (!process.HasExited && File.Exists(killed + ".part")) kills++;
            process.Kill();
            await process.WaitForExitAsync(Stop);
        }
        kills.ShouldBeGreaterThan(0);
        long left = ResumableWriter.BytesLeftBy(killed);
        var last = await RunAsync("models", "prepare", "--weights", source, "--precision", "float8", "-o", killed, "--json");
        last.Code.ShouldBe(0, last.Error);
        File.ReadAllBytes(killed).AsSpan().SequenceEqual(File.ReadAllBytes(whole)).ShouldBeTrue("the two files differ");
        Directory.EnumerateFiles(folder, "killed*").ShouldBe([killed]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {left} bytes were left by the last");
    }

    [Fact]
    public async Task A_model_that_cannot_be_prepared_is_reported_in_one_line()
    {
        CopySketch();
        string source = Path.Combine(folder, "source.safetensors"), output = Path.Combine(folder, "out.safetensors"),
            lora = Path.Combine(folder, "lora.safetensors");
        WriteSource(source, 2, 4, 4);
        using (var writer = new SafetensorsWriter(lora, [new("blocks.0.lx.diff", ElementType.Float32, [4, 4])]))
        {
            writer.Append("blocks.0.lx.diff", new byte[64]);
            writer.Complete();
        }
        async Task Refused(int code, string message, params string[] arguments)
        {
            var run = await RunAsync(["models", "prepare", .. arguments]);
            run.Error.ShouldContain(message);
            (run.Code, run.Error.Trim().Split('\n').Count(line => line.StartsWith("locutor: ", StringComparison.Ordinal)))
                .ShouldBe((code, 1));
        }
        await Refused(2, "unknown model owl; nearest are own", "owl");
        await Refused(2, "--precision int4: expected float32, bfloat16, float16, float8, int8", "own", "--precision", "int4");
        await Refused(2, "--network audio: expected transformer, autoencoder", "own", "--network", "audio");
        await Refused(2, "unknown preset defalt of own; nearest are default", "own", "--preset", "defalt");
        await Refused(2, "expected the name of a bundle, or --weights", "--weights", source);
        await Refused(
            3, "blocks.0.lx.diff: fits no parameter of the network; expected blocks.0.lx.weight, nearest are blocks.0.l.weight",
            "--weights", source, "--adapter", lora + "=0.5", "-o", output);
        await Refused(3, "no such file", "--weights", source + "x", "-o", output);
        File.Delete(Path.Combine(Bundle, "transformer.safetensors"));
        await Refused(3, "model own: expected transformer.safetensors in", "own");
        Directory.EnumerateFiles(folder, "out*").ShouldBeEmpty();
    }

    private static int Tensors(string path)
    {
        using var file = CheckpointFormats.Open(path);
        return file.Tensors.Count;
    }

    /// <summary>The last event of that kind.</summary>
    private static JsonNode Event(string output, string kind) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
            .Last(line => line["event"]!.GetValue<string>() == kind);

    private void CopySketch()
    {
        ShortClips.Write(Bundle, bundle =>
        {
            bundle["name"] = "own";
            ShortClips.MakePicturesSmall(bundle);
            ShortClips.ShowDrawnPictures(bundle);
        });
        string samples = Path.Combine(TestEnvironment.Checkout, "samples");
        File.Copy(Directory.EnumerateFiles(samples, "*.png").First(), Path.Combine(folder, "picture.png"));
    }

    private string WriteVoice()
    {
        string path = Path.Combine(folder, "voice.wav");
        ToneVoice.Write(path, 0.45);
        return path;
    }

    private void WriteSource(string path, int blocks, int rows, int columns)
    {
        TensorOutline[] outlines =
        [
            .. Enumerable.Range(0, blocks).Select(i => new TensorOutline($"blocks.{i}.l.weight", ElementType.Float32, [rows, columns]))
        ];
        using var writer = new SafetensorsWriter(path, outlines);
        float[] values = new float[rows * columns];
        foreach (var outline in outlines)
        {
            for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle();
            writer.Append(outline.Name, MemoryMarshal.AsBytes<float>(values));
        }
        writer.Complete();
    }

    private Dictionary<string, string?> Variables => new()
    {
        ["LOCUTOR_MODELS"] = Path.Combine(folder, "bundles"),
        ["LOCUTOR_HOME"] = Home,
        ["HF_HOME"] = Path.Combine(folder, "hub"),
        ["HF_HUB_OFFLINE"] = "1",
    };

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "locutor.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        CommandsInProcess.RunAsync(Variables, arguments);

    public void Dispose() => Directory.Delete(folder, true);
}
