using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Locutor.Service.FunctionalTests.Deploy;

/// <summary>deploy/images/get-libtorch.sh over a small zip with the names of the real one.</summary>
public sealed class LibtorchScriptTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-libtorch-").FullName;

    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    private static (string, string)[] NotNeeded { get; } =
        [("libtorch/lib/libtorch_python.so", "x"), ("libtorch/lib/libtorchbind_test.so", "x"), ("libtorch/include/a.h", "x")];

    private string Unpacked => Path.Combine(folder, "torch");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_libraries_are_unpacked_and_NVRTC_finds_its_part()
    {
        var (code, error) = await RunAsync(new()
        {
            ["libtorch_cuda.so"] = "cuda",
            ["libnvrtc-2bb82d1a.so.12"] = "\0\u0001libnvrtc-builtins.so.12.8\0",
            ["libnvrtc-builtins.so"] = "part",
        });
        code.ShouldBe(0, error);
        Directory.GetFiles(Unpacked).Select(Path.GetFileName).ShouldBe(
            ["libtorch_cuda.so", "libnvrtc-2bb82d1a.so.12", "libnvrtc-builtins.so", "libnvrtc-builtins.so.12.8"], ignoreOrder: true);
        (await File.ReadAllTextAsync(Path.Combine(Unpacked, "libnvrtc-builtins.so.12.8"), Soon)).ShouldBe("part");
    }

    [Fact]
    public async Task A_zip_with_another_checksum_is_refused_and_nothing_is_unpacked()
    {
        var (code, error) = await RunAsync(new() { ["libtorch_cuda.so"] = "cuda" }, new string('0', 64));
        code.ShouldBe(1);
        error.ShouldContain("expected the SHA-256 '0000");
        Directory.GetFiles(Unpacked).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_zip_for_the_CPU_is_refused()
    {
        var (code, error) = await RunAsync(new() { ["libtorch_cpu.so"] = "cpu" });
        code.ShouldBe(1);
        error.ShouldContain("no libtorch_cuda.so");
    }

    private async Task<(int Code, string Error)> RunAsync(Dictionary<string, string> libraries, string? sha256 = null)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/unzip") && File.Exists("/usr/bin/curl"), "unzip or curl is not installed");
        string zip = Path.Combine(folder, "libtorch.zip");
        await using (var archive = await ZipFile.OpenAsync(zip, ZipArchiveMode.Create, Soon))
        {
            foreach (var (name, content) in libraries.Select(library => ($"libtorch/lib/{library.Key}", library.Value)).Concat(NotNeeded))
            {
                await using var entry = await archive.CreateEntry(name).OpenAsync(Soon);
                await using var writer = new StreamWriter(entry);
                await writer.WriteAsync(content);
            }
        }
        Directory.CreateDirectory(Unpacked);
        string found = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(zip, Soon)));
        string script = Path.Combine(TestEnvironment.Checkout, "deploy", "images", "get-libtorch.sh");
        var start = new ProcessStartInfo("/bin/sh", [script, $"file://{zip}", sha256 ?? found, Unpacked]) { RedirectStandardError = true };
        using var process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync(Soon);
        await process.WaitForExitAsync(Soon);
        return (process.ExitCode, error);
    }
}
