using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Locutor.Media;
using Locutor.Media.Probing;

namespace Locutor.Front.Tests;

/// <summary>Each sample as a user has it: in a folder outside the repository, with the packages from a feed.</summary>
public sealed class SamplesTests(PackageFeed feed, ModelFixture fixture)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_console_sample_makes_a_video()
    {
        string folder = await feed.BuiltAsync("Console"), video = fixture.NewPath("console.mp4");

        string printed = await feed.RunAsync(
            folder, Path.Combine(folder, "bin", "Release", "net10.0", "speak"), fixture.Portrait, fixture.ShortVoice, video);

        printed.ShouldContain($"{video}: 512x512, {ModelFixture.ShortFrames} frames");
        (await MediaProbe.ProbeAsync(video, MediaLimits.Default, Stop)).Kind.ShouldBe(MediaKind.Video);
        Libraries(folder).ShouldContain("libtorch_cpu.so");
        string other = await feed.BuiltAsync("ConsoleWithoutTorch");
        Libraries(other).ShouldNotContain("libtorch_cpu.so", "libtorch comes from elsewhere");
        Libraries(other).ShouldContain("libLibTorchSharp.so");
    }

    [Fact]
    public async Task The_script_makes_a_video()
    {
        string folder = await feed.CopyAsync("Script"), video = fixture.NewPath("script.mp4");

        string printed = await feed.RunAsync(folder, "dotnet", "run", "speak.cs", "--", fixture.Portrait, fixture.ShortVoice, video);

        printed.ShouldContain($"{video}: {ModelFixture.ShortFrames} frames");
        (await MediaProbe.ProbeAsync(video, MediaLimits.Default, Stop)).Kind.ShouldBe(MediaKind.Video);
    }

    [Fact]
    public async Task The_web_sample_serves_the_page_and_makes_a_video()
    {
        string folder = await feed.BuiltAsync("AspNetCore"), data = Path.GetDirectoryName(fixture.NewPath("data"))!,
            web = Path.Combine(folder, "bin", "Release", "net10.0", "speaking-web");
        var refusal = await Should.ThrowAsync<InvalidOperationException>(() => feed.RunAsync(
            folder, web, "--urls", "http://127.0.0.1:0", "--Locutor:Model", "no-such-model", "--Locutor:DataFolder", data));
        refusal.Message.ShouldContain("found 'no-such-model'");
        using var program = feed.Start(
            folder, web, "--urls", "http://127.0.0.1:0", "--Locutor:DataFolder", data, "--Locutor:DrainTime", "00:00:00");
        try
        {
            using var http = new HttpClient { BaseAddress = await AddressAsync(program), Timeout = TimeSpan.FromMinutes(2) };
            (await http.GetStringAsync("/hello", Stop)).ShouldBe("This endpoint is the program's own.");
            (await http.GetStringAsync("/", Stop)).ShouldContain("<title>");
            (await http.GetAsync("/js/main.js", Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
            (await http.GetAsync("/no/such/page", Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

            byte[] video = await http.GetByteArrayAsync(await MakeAsync(http), Stop);

            string file = fixture.NewPath("web.mp4");
            await File.WriteAllBytesAsync(file, video, Stop);
            (await MediaProbe.ProbeAsync(file, MediaLimits.Default, Stop)).Kind.ShouldBe(MediaKind.Video);
            await StopAtWorkAsync(program, http);
        }
        finally
        {
            program.Kill(entireProcessTree: true);
            await program.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>
    /// Asks the program to stop while it makes a video whose events somebody reads. It hands the job back and ends the stream; it would end
    /// after half a minute, by a fault of the native code that still computes, if it waited for the stream first.
    /// </summary>
    private async Task StopAtWorkAsync(Process program, HttpClient http)
    {
        string job = await SubmitAsync(http, Path.Combine(TestEnvironment.Checkout, "samples", "greta.mp3"), steps: "40");
        using var events = await http.GetAsync($"{job}/events", HttpCompletionOption.ResponseHeadersRead, Stop);
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(Stop));
        string? line;
        do line = await reader.ReadLineAsync(Stop);
        while (line?.Contains("\"running\"", StringComparison.Ordinal) is false);
        line.ShouldNotBeNull("the job ended before it was seen to run");

        using var signal = Process.Start("kill", ["-TERM", $"{program.Id}"]);
        await program.WaitForExitAsync(Stop).WaitAsync(TimeSpan.FromSeconds(25), Stop);

        program.ExitCode.ShouldBe(0);
    }

    /// <summary>The tests' feed has no libtorch for CUDA, so a placeholder package shows which libraries the build selects.</summary>
    [Fact]
    public async Task The_CUDA_package_brings_the_libtorch_for_CUDA_and_not_the_one_for_the_CPU()
    {
        string[] libraries = Libraries(await feed.BuiltAsync("ConsoleForCuda"));

        libraries.ShouldContain("libtorch_cuda.so");
        libraries.ShouldContain("libLibTorchSharp.so");
        libraries.ShouldNotContain("libtorch_cpu.so");
    }

    [Fact]
    public async Task A_package_shows_the_public_assembly_only_and_contains_everything_that_runs()
    {
        await feed.CopyAsync("Console");
        using var package = await ZipFile.OpenReadAsync(feed.PathOf("Locutor"), Stop);
        string[] names = [.. package.Entries.Select(entry => entry.FullName)];

        names.Where(name => name.StartsWith("ref/", StringComparison.Ordinal)).Order()
            .ShouldBe(["ref/net10.0/Locutor.dll", "ref/net10.0/Locutor.xml"]);
        string[] rooms = ["Checkpoints", "Generation", "Kernels", "Media", "Models", "Networks", "Torch"];
        foreach (string room in rooms) names.ShouldContain($"lib/net10.0/Locutor.{room}.dll");
        names.ShouldContain("models/sketch/transformer.safetensors");
        names.ShouldContain("buildTransitive/WeakenSymbolVersion.targets");
        names.ShouldContain("README.md");
        names.ShouldContain("icon.png");
    }

    /// <summary>Returns the native libraries in the output folder of a built program.</summary>
    private static string[] Libraries(string folder) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(folder, "bin"), "*.so", SearchOption.AllDirectories)
            .Select(file => Path.GetFileName(file))
    ];

    /// <summary>The address that the program prints when it listens.</summary>
    private static async Task<Uri> AddressAsync(Process program)
    {
        const string Sign = "Now listening on: ";
        var printed = new List<string>();
        while (await program.StandardOutput.ReadLineAsync(Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(5)) is { } line)
        {
            printed.Add(line);
            if (!line.Contains(Sign, StringComparison.Ordinal)) continue;
            _ = program.StandardOutput.ReadToEndAsync(CancellationToken.None); // otherwise the pipe fills up and the program blocks
            _ = program.StandardError.ReadToEndAsync(CancellationToken.None);
            return new Uri(line[(line.IndexOf(Sign, StringComparison.Ordinal) + Sign.Length)..].Trim());
        }
        throw new InvalidOperationException(
            $"the program ended: {string.Join('\n', printed)} {await program.StandardError.ReadToEndAsync(Stop)}");
    }

    /// <summary>Submits a job and waits for it.</summary>
    /// <returns>Address of its video.</returns>
    private async Task<string> MakeAsync(HttpClient http)
    {
        string job = await SubmitAsync(http, fixture.ShortVoice, steps: "2");
        for (var until = DateTime.UtcNow.AddMinutes(5); DateTime.UtcNow < until; await Task.Delay(500, Stop))
        {
            var now = await http.GetFromJsonAsync<JsonElement>(job, Stop);
            string status = now.GetProperty("status").GetString()!;
            if (status is "succeeded") return $"{job}/video";
            status.ShouldNotBe("failed", now.ToString());
        }
        throw new TimeoutException($"{job} was not made in five minutes");
    }

    /// <summary>Submits a job.</summary>
    /// <returns>Its address.</returns>
    private async Task<string> SubmitAsync(HttpClient http, string voice, string steps)
    {
        using var form = new MultipartFormDataContent
        {
            { new StreamContent(File.OpenRead(fixture.Portrait)), "image", "portrait.png" },
            { new StreamContent(File.OpenRead(voice)), "audio", "voice" },
            { new StringContent(steps), "steps" },
        };
        using var accepted = await http.PostAsync("/v1/jobs", form, Stop);
        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync(Stop));
        return accepted.Headers.Location!.ToString();
    }
}
