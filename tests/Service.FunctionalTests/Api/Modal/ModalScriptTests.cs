using System.Diagnostics;
using System.Globalization;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.Modal;

public sealed class ModalScriptTests : IDisposable
{
    private readonly string output = Directory.CreateTempSubdirectory("locutor-seed-").FullName;

    public void Dispose() => Directory.Delete(output, recursive: true);

    [Fact]
    public async Task The_three_curl_steps_work_with_only_the_host_replaced()
    {
        await using var images = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var sounds = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        // time to be asked while it runs
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=3", "--set", "allow_addresses=127.0.0.2/32");
        using var client = service.CreateClient();
        await RunAsync(client, service.Url, $"{images.Url}/multi1.png", $"{sounds.Url}/1.WAV");

        string[] submit = Headers("submit.headers");
        submit[0].ShouldBe("HTTP/1.1 200 OK");
        submit.ShouldContain("Content-Type: application/json; charset=utf-8");
        File.ReadAllText(Path.Combine(output, "submit.body")).ShouldMatch("""\A\{"call_id":"fc-[0-9A-Za-z]{26}"\}\z""");

        string[] codes = File.ReadAllLines(Path.Combine(output, "codes"));
        codes[0].ShouldBe("202");
        codes[^1].ShouldBe("200");
        codes.Distinct().ShouldBe(["202", "200"]);
        string[] waiting = Headers("get-202.headers");
        waiting[0].ShouldBe("HTTP/1.1 202 Accepted");
        waiting.ShouldContain("Retry-After: 2");
        waiting.ShouldContain("Content-Length: 0");
        waiting.ShouldNotContain(line => line.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase));
        new FileInfo(Path.Combine(output, "get-202.body")).Length.ShouldBe(0);

        byte[] video = await File.ReadAllBytesAsync(Path.Combine(output, "video.mp4"));
        string call = File.ReadAllText(Path.Combine(output, "submit.body"))[12..^2];
        string[] get = Headers("get.headers");
        get[0].ShouldBe("HTTP/1.1 200 OK");
        get.ShouldContain("Content-Type: video/mp4");
        get.ShouldContain($"Content-Length: {video.Length.ToString(CultureInfo.InvariantCulture)}");
        get.ShouldContain($"Content-Disposition: attachment; filename=\"{call}.mp4\"");
        Headers("head.headers").Where(IsLasting).ShouldBe(get.Where(IsLasting), "HEAD answers as GET does");
        video.AsSpan(4, 4).SequenceEqual("ftyp"u8).ShouldBeTrue();
        video.AsSpan(video.Length - call.Length).SequenceEqual(System.Text.Encoding.ASCII.GetBytes(call)).ShouldBeTrue();
    }

    /// <summary>Whether a header is equal in two answers about one video. The date and the rest of the limit change with time.</summary>
    private static bool IsLasting(string line) => !line.StartsWith("Date:", StringComparison.OrdinalIgnoreCase)
        && !line.StartsWith("RateLimit-Re", StringComparison.OrdinalIgnoreCase);

    private string[] Headers(string name) =>
        File.ReadAllText(Path.Combine(output, name)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    private async Task RunAsync(TokenClient client, string host, string image, string audio)
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(AppContext.BaseDirectory, "submit.sh")]) { RedirectStandardError = true };
        foreach (var (name, value) in
                new[]
                {
                    ("HOST", host), ("TOKEN_ID", client.Key), ("TOKEN_SECRET", client.Secret), ("IMAGE", image), ("AUDIO", audio),
                    ("OUT", output),
                })
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, error);
    }
}
