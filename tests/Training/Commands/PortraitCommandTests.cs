using System.Buffers.Binary;
using System.Diagnostics;

namespace Locutor.Training.Tests.Commands;

public sealed class PortraitCommandTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_seed_draws_the_same_png_again_and_another_seed_another()
    {
        int seed = TestSeed.Value;
        output.WriteLine($"seed {seed}");
        var folder = Directory.CreateTempSubdirectory("locutor-portrait");
        try
        {
            string first = Path.Combine(folder.FullName, "first.png"), again = Path.Combine(folder.FullName, "again.png"),
                other = Path.Combine(folder.FullName, "other.png");
            (await Run("portrait", "--seed", $"{seed}", "--output-path", first, "--size", "200"))
                .ShouldBe((0, $"{first}: 200x200, seed {seed}\n"));
            await File.WriteAllTextAsync(again, "kept", TestContext.Current.CancellationToken);
            (await Run("portrait", "--seed", $"{seed}", "-o", again, "--size", "200"))
                .ShouldBe((4, $"locutor: {again} exists already; -y replaces it\n"));
            (await File.ReadAllTextAsync(again, TestContext.Current.CancellationToken)).ShouldBe("kept");
            (await Run("portrait", "--seed", $"{seed}", "-o", again, "--size", "200", "-y")).Code.ShouldBe(0);
            (await Run("portrait", "--seed", $"{seed ^ 1}", "--output-path", other, "--size", "200", "--expression", "happy"))
                .Code.ShouldBe(0);
            byte[] png = await File.ReadAllBytesAsync(first, TestContext.Current.CancellationToken);
            BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)).ShouldBe(200);
            png.ShouldBe(await File.ReadAllBytesAsync(again, TestContext.Current.CancellationToken));
            png.ShouldNotBe(await File.ReadAllBytesAsync(other, TestContext.Current.CancellationToken));
            folder.GetFiles().Length.ShouldBe(3);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Wrong_options_and_outputs_are_refused_in_one_line()
    {
        string path = Path.Combine(Path.GetTempPath(), $"no-folder-{Guid.NewGuid():N}", "portrait.png");
        (int code, string error) = await Run("portrait", "--output-path", path);
        code.ShouldBe(4);
        error.ShouldContain(path);
        (code, error) = await Run("portrait", "--output-path", path, "--size", "20000");
        code.ShouldBe(2);
        error.ShouldContain("20000");
        (code, error) = await Run("portrait", "--output-path", Path.ChangeExtension(path, "jpg"));
        code.ShouldBe(2);
        error.ShouldContain("portrait.jpg");
        (code, error) = await Run("portrait", "--output-path", path, "--expression", "smug");
        code.ShouldBe(2);
        error.ShouldContain("smug");
    }

    private static async Task<(int Code, string Error)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Locutor.Training.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await said;
        return (process.ExitCode, error);
    }
}
