using System.CommandLine;
using System.Diagnostics;
using Locutor.Cli.Commands;
using Locutor.Media;

namespace Locutor.Cli.Tests;

/// <summary><c>locutor inspect</c> of pictures, sounds and videos; checkpoints are in the tests of models.</summary>
public sealed class InspectTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-inspect-");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_picture_is_described_with_the_size_that_each_model_uses()
    {
        string portrait = Path.Combine(TestEnvironment.Checkout, "samples", "greta.png");
        string sketch = await InspectAsync(portrait);
        sketch.ShouldContain("picture, PNG");
        sketch.ShouldContain("sketch makes 512x512 of it");
        sketch.ShouldContain("face        found, in a square of");
        sketch.ShouldNotContain("note  ");
        (await InspectAsync(portrait, "--model", "infinitetalk-480p")).ShouldContain("infinitetalk-480p makes 640x640 of it");

        string wide = Path.Combine(folder.FullName, "wide.png");
        await ToolAsync("-f", "lavfi", "-i", "testsrc=s=900x200", "-frames:v", "1", wide);
        string noise = await InspectAsync(wide);
        noise.ShouldContain("none that resembles the painted portraits");
        noise.ShouldContain("note        ");
    }

    [Fact]
    public async Task A_video_is_described_with_its_streams_and_its_label()
    {
        string video = Path.Combine(folder.FullName, "plain.mp4");
        await ToolAsync(
            "-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=1", "-f", "lavfi", "-i", "sine=d=1:r=16000", "-c:a", "aac", video);
        string plain = await InspectAsync(video);
        plain.ShouldContain("64x64, 25 frames per second");
        plain.ShouldContain("sound, aac, 16000 Hz, 1 channel\n");
        plain.ShouldContain("no label of synthetic media");
        plain.ShouldContain("credentials none");

        byte[] credentials = [0, 0, 0, 28, .. "uuid"u8, .. Convert.FromHexString("D8FEC3D61B0E483C92975828877EC481"), 1, 2, 3, 4];
        await File.AppendAllBytesAsync(video, credentials, Ct);
        (await InspectAsync(video)).ShouldContain("Content Credentials (C2PA) are present");
    }

    [Fact]
    public async Task A_file_whose_content_contradicts_its_name_is_refused()
    {
        string path = Path.Combine(folder.FullName, "text.png");
        await File.WriteAllTextAsync(path, "no picture", Ct);
        await Should.ThrowAsync<MediaException>(() => InspectAsync(path));
    }

    private static async Task<string> InspectAsync(params string[] arguments)
    {
        var output = new StringWriter();
        await LocutorProgram.CreateRoot(VideoMaking.WithNetworks).Parse(["inspect", .. arguments])
            .InvokeAsync(new InvocationConfiguration { Output = output, EnableDefaultExceptionHandler = false }, Ct);
        return output.ToString();
    }

    private static async Task ToolAsync(params string[] arguments)
    {
        using var process = Process.Start("ffmpeg", ["-v", "error", .. arguments]);
        await process.WaitForExitAsync(Ct);
        process.ExitCode.ShouldBe(0);
    }
}
