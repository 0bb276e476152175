using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Kernels.Arithmetic;

namespace Locutor.Cli.Tests;

/// <summary>
/// README's first command, with a shorter voice and shorter and smaller clips, on a processor whose convolutions are wrong: then it is a
/// process of its own.
/// </summary>
[Collection(CommandsInProcess.Collection)]
public sealed partial class FaultyProcessorTests : IDisposable
{
    private const double WantedDecibels = 40;
    private static readonly string Samples = Path.Combine(TestEnvironment.Checkout, "samples");
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-faulty-").FullName;
    private readonly string bundle;

    public FaultyProcessorTests() => bundle = ShortClips.Write(Path.Combine(folder, "sketch"), ShortClips.MakePicturesSmall);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_first_command_is_right_and_reports_other_paths_in_one_line()
    {
        var (healthyCode, healthyLines) = await GenerateAsync("healthy.mp4");
        healthyCode.ShouldBe(0, string.Join('\n', healthyLines));
        var (code, lines) = await GenerateAsync("faulty.mp4", ("LOCUTOR_INJECTED_FAULT", "convolution"));
        code.ShouldBe(0, string.Join('\n', lines));
        string line = lines.Where(one => one.Contains("computes some operations wrongly", StringComparison.Ordinal)).ShouldHaveSingleItem();
        line.ShouldStartWith("note: this machine computes some operations wrongly (");
        // In float32 the autoencoder's first convolution is a sum of 2-D ones.
        line.ShouldContain(CpuInfo.IsFasterInBFloat16 ? "convolution 3x3x3, 3 to 32 channels" : "convolution 3x3, 3 to 32 channels");
        line.ShouldContain("oneDNN is not finite");
        double worst = await WorstDecibelsAsync(At("faulty.mp4"), At("healthy.mp4"));
        worst.ShouldBeGreaterThan(WantedDecibels, "dB of the worst frame");
    }

    [Fact]
    public async Task Without_the_self_test_the_guard_refuses_the_video()
    {
        var (code, lines) = await GenerateAsync("video.mp4", ("LOCUTOR_INJECTED_FAULT", "convolution"), ("LOCUTOR_SELF_TEST", "0"));
        code.ShouldBe(1, string.Join('\n', lines));
        string error = lines.Where(line => line.StartsWith("locutor: ", StringComparison.Ordinal)).ShouldHaveSingleItem();
        error.ShouldStartWith("locutor: not_finite: the video autoencoder gave numbers that are not finite at the encoding of clip 1");
        error.ShouldContain("No video was written");
        Directory.GetFiles(folder, "video*").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_video_of_one_colour_is_refused()
    {
        Blank(Path.Combine(folder, "sketch", "autoencoder.safetensors"), "decoder.head.2.weight", "decoder.head.2.bias");
        var (code, lines) = await GenerateAsync("video.mp4");
        code.ShouldBe(1, string.Join('\n', lines));
        lines.ShouldContain(
            line => line.StartsWith("locutor: not_finite: every frame of the video is of one colour", StringComparison.Ordinal));
        Directory.GetFiles(folder, "video*").ShouldBeEmpty();
    }

    /// <summary>Overwrites tensors of a file with zeros.</summary>
    private static void Blank(string path, params string[] names)
    {
        using var file = File.Open(path, FileMode.Open);
        using var reader = new BinaryReader(file);
        int header = (int)reader.ReadInt64();
        using var tensors = JsonDocument.Parse(reader.ReadBytes(header));
        foreach (string name in names)
        {
            long[] offsets =
            [
                .. tensors.RootElement.GetProperty(name).GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())
            ];
            file.Position = sizeof(long) + header + offsets[0];
            file.Write(new byte[offsets[1] - offsets[0]]);
        }
    }

    private async Task<(int Code, string[] Lines)> GenerateAsync(string output, params (string Name, string Value)[] fault)
    {
        string voice = At("voice.wav");
        if (!File.Exists(voice))
            await RunAsync("ffmpeg", [], "-v", "error", "-t", "0.45", "-i", Path.Combine(Samples, "greta.mp3"), "-ar", "16000", voice);
        string[] arguments =
        [
            "generate", "--model", bundle, "--image-path", Path.Combine(Samples, "greta.png"), "--audio1-path", voice, "--output-path",
            At(output), "--seed", "1", "-y"
        ];
        var cache = (Name: "XDG_CACHE_HOME", Value: Path.Combine(folder, "cache"));
        if (fault.Length > 0)
            return await RunAsync("dotnet", [cache, .. fault], [Path.Combine(AppContext.BaseDirectory, "locutor.dll"), .. arguments]);
        var (code, _, error) = await CommandsInProcess.RunAsync(
            new Dictionary<string, string?> { [cache.Name] = cache.Value }, arguments);
        return (code, Lines(error));
    }

    /// <summary>Peak signal-to-noise ratio of the worst frame.</summary>
    private async Task<double> WorstDecibelsAsync(string found, string expected)
    {
        var (_, lines) = await RunAsync("ffmpeg", [], "-hide_banner", "-i", found, "-i", expected, "-lavfi", "psnr", "-f", "null", "-");
        var match = lines.Select(line => Psnr().Match(line)).Single(one => one.Success);
        return match.Groups[1].Value == "inf" ? 99 : double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private async Task<(int Code, string[] Lines)> RunAsync(
        string program, (string Name, string Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        string said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, Lines(said));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private string At(string name) => Path.Combine(folder, name);

    [GeneratedRegex(@"PSNR .*min:(\S+)")]
    private static partial Regex Psnr();
}
