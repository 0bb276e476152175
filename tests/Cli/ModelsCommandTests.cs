using System.Diagnostics;
using System.Text.Json;

namespace Locutor.Cli.Tests;

[Collection(CommandsInProcess.Collection)]
public sealed class ModelsCommandTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-models-").FullName;
    private HubServer server = null!;

    public async ValueTask InitializeAsync() => server = await HubServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task A_users_own_bundle_is_fetched_verified_and_cleaned_up()
    {
        WriteBundle();
        (await Run("models", "list")).Output.ShouldContain("mine ");

        var pull = await Run("models", "pull", "mine", "--store", Store);
        pull.Code.ShouldBe(0, pull.Error);
        pull.Output.ShouldContain("mine: 7 files fetched, all 7 here");
        (await Run("models", "pull", "mine", "--store", Store)).Output.ShouldContain("mine: 0 files fetched");
        (await Run("models", "verify", "mine", "--store", Store)).Output.Split('\n')
            .Count(l => l.StartsWith("ok", StringComparison.Ordinal)).ShouldBe(7);

        string damaged = Path.Combine(Store, "owner--name", "main", "text.pth");
        byte[] bytes = await File.ReadAllBytesAsync(damaged, TestContext.Current.CancellationToken);
        bytes[0] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes, TestContext.Current.CancellationToken);
        var verify = await Run("models", "verify", "mine", "--store", Store);
        verify.Code.ShouldBe(3);
        verify.Output.ShouldContain($"WRONG          {damaged}: expected SHA-256");
        verify.Error.ShouldContain("1 files are missing or damaged");

        await File.WriteAllTextAsync(
            Path.Combine(Store, "owner--name", "main", "left-over.bin"), "x", TestContext.Current.CancellationToken);
        (await Run("models", "prune", "--dry-run", "--store", Store)).Output.ShouldContain("left-over.bin");
        string own = Path.Combine(folder, "own.json"); // another bundle with the same files, known by its path alone
        File.Move(Path.Combine(folder, "bundles", "mine", "bundle.json"), own);
        (await Run("models", "prune", "--store", Store, own)).Output.ShouldContain("deleted");
        File.Move(own, Path.Combine(folder, "bundles", "mine", "bundle.json"));
        Directory.EnumerateFiles(Store, "left-over.bin", SearchOption.AllDirectories).ShouldBeEmpty();
        File.Exists(damaged).ShouldBeTrue();
        (await Run("models", "verify", "mine", "--store", Store, "--delete")).Output.ShouldContain($"deleted        {damaged}");
        (await Run("models", "verify", "mine", "--store", Store)).Output.ShouldContain("missing        owner/name/text.pth");
        (await Run("models", "pull", "mine", "--store", Store)).Output.ShouldContain("mine: 1 files fetched, all 7 here");

        (await Run(["models", "rm", "mine", "--store", Store], _ => Task.CompletedTask)).Code
            .ShouldBe(2, "there is no terminal to ask, even where the test program has one");
        (await Run("models", "rm", "mine", "--store", Store, "--dry-run")).Output.ShouldContain("would be deleted");
        Directory.EnumerateFiles(Store, "text.pth", SearchOption.AllDirectories).Count().ShouldBe(1);
        (await Run("models", "rm", "mine", "--store", Store, "-y")).Output.ShouldContain("deleted");
        Directory.EnumerateFiles(Store, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task A_bundle_that_cannot_be_fetched_is_reported_in_one_line()
    {
        WriteBundle();
        var unknown = await Run("models", "pull", "mime", "--store", Store);
        unknown.Code.ShouldBe(2);
        unknown.Error.ShouldContain("unknown model mime; nearest are mine");
        var preset = await Run("models", "pull", "mine", "--preset", "fats", "--store", Store);
        preset.Code.ShouldBe(2);
        preset.Error.ShouldContain("unknown preset fats of mine; nearest are fast");
        server.NeededToken = "secret";
        var refused = await Run("models", "pull", "mine", "--store", Store);
        refused.Code.ShouldBe(3);
        refused.Error.ShouldContain("a token is needed (set HF_TOKEN)");
        refused.Error.Trim().Split('\n').Length.ShouldBe(1);
        Directory.EnumerateFiles(Store, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task Ctrl_C_keeps_what_was_downloaded_and_one_line_tells_how_to_continue()
    {
        WriteBundle();
        server.BytesPerSecond = 1000;
        var stopped = await Run(["models", "pull", "mine", "--store", Store], async process =>
        {
            while (server.BytesSent == 0) await Task.Delay(20, TestContext.Current.CancellationToken);
            using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        });
        stopped.Code.ShouldBe(130, stopped.Error);
        stopped.Error.TrimEnd().Split('\n')[^1].ShouldBe("locutor: stopped; run the same command again to continue the download");
        server.BytesPerSecond = int.MaxValue;
        var again = await Run("models", "pull", "mine", "--store", Store);
        again.Code.ShouldBe(0, again.Error);
        again.Output.ShouldContain("all 7 here");
    }

    [Fact]
    public async Task A_token_is_taken_from_the_hubs_own_file_or_from_the_environment()
    {
        WriteBundle();
        server.NeededToken = "secret";
        string file = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "hub")).FullName, "token");
        await File.WriteAllTextAsync(file, "wrong\n", TestContext.Current.CancellationToken);
        (await Run("models", "pull", "mine", "--store", Store)).Error.ShouldContain("the token is not accepted");
        await File.WriteAllTextAsync(file, "secret\n", TestContext.Current.CancellationToken);
        (await Run("models", "pull", "mine", "--store", Store)).Code.ShouldBe(0);
        await File.WriteAllTextAsync(file, "wrong\n", TestContext.Current.CancellationToken);
        token = "secret";
        (await Run("models", "pull", "mine", "--store", Path.Combine(folder, "another"))).Code.ShouldBe(0);
    }

    [Fact]
    public async Task Inspect_prints_a_checkpoint_and_refuses_a_pickle_that_runs_code()
    {
        string path = Path.Combine(folder, "evil.pth");
        await File.WriteAllBytesAsync(
            path, [0x80, 2, .. "cposix\nsystem\nX\u0002\0\0\0id\u0085R."u8], TestContext.Current.CancellationToken);
        var evil = await Run("inspect", path);
        evil.Code.ShouldBe(3);
        evil.Error.ShouldContain($"{path}: refused: the pickle names posix.system");
        evil.Output.ShouldBeEmpty();

        byte[] header =
            """
            {"blocks.0.w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"blocks.1.w":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}
            """u8.ToArray();
        string good = Path.Combine(folder, "good.safetensors");
        await File.WriteAllBytesAsync(
            good, [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[8]], TestContext.Current.CancellationToken);
        var inspected = await Run("inspect", good);
        inspected.Code.ShouldBe(0);
        inspected.Output.ShouldContain("blocks.0..1.w  Float16 [2]");
    }

    private string? token;

    private string Store => Directory.CreateDirectory(Path.Combine(folder, "store")).FullName;

    private void WriteBundle()
    {
        var random = TestSeed.NewRandom();
        object File(string path)
        {
            byte[] bytes = random.Bytes(random.Next(100, 200_000));
            return new { path, repository = "owner/name", sha256 = server.Add(path, bytes) };
        }
        object Network(string path) => new { files = new[] { File(path) } };
        var bundle = new
        {
            name = "mine",
            title = "My own",
            licence = "none",
            networks = new
            {
                transformer = Network("transformer.safetensors"),
                autoencoder = Network("autoencoder.pth"),
                text = Network("text.pth"),
                image = Network("image.pth"),
                speech = Network("speech.bin"),
                tokenizer = File("spiece.model"),
            },
            sizes = new Dictionary<string, int[][]> { ["tiny"] = [[64, 64]] },
            defaultSize = "tiny",
            presets = new
            {
                fast = new
                {
                    steps = 4,
                    shift = 5,
                    textGuidance = 1,
                    audioGuidance = 1,
                    adapters = new[] { new { file = File("lora.safetensors") } },
                }
            },
            defaultPreset = "fast",
        };
        System.IO.File.WriteAllText(
            Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "bundles", "mine")).FullName, "bundle.json"),
            JsonSerializer.Serialize(bundle));
    }

    private Dictionary<string, string?> Variables => new()
    {
        ["LOCUTOR_MODELS"] = Path.Combine(folder, "bundles"),
        ["HF_ENDPOINT"] = server.Address.AbsoluteUri,
        ["HF_HOME"] = Path.Combine(folder, "hub"),
        ["LOCUTOR_HOME"] = Path.Combine(folder, "home"),
        ["HF_TOKEN"] = token,
        ["LOCUTOR_MIRRORS"] = null,
    };

    private Task<(int Code, string Output, string Error)> Run(params string[] arguments) =>
        CommandsInProcess.RunAsync(Variables, arguments);

    /// <summary>Runs the command as a process of its own, which can be stopped and has no terminal.</summary>
    private async Task<(int Code, string Output, string Error)> Run(string[] arguments, Func<Process, Task> meanwhile)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "locutor.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await meanwhile(process);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await said, await error);
    }
}
