using System.Diagnostics;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Deploy;

/// <summary>The files for Modal and RunPod run against a service, with stand-ins for the packages of the two platforms.</summary>
[Collection(Together.Name)]
public sealed class ServerlessTests(SharedService shared)
{
    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    private static string Folder { get; } = Path.Combine(TestEnvironment.Checkout, "deploy");

    [Fact]
    public async Task The_programs_for_Modal_and_RunPod_make_videos_and_pass_refusals_on()
    {
        await using var images = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var sounds = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        var said = await RunAsync(images.Url, sounds.Url);
        said.GetProperty("name").GetString().ShouldBe("infinitetalk-api");
        foreach (var (function, method, label) in
                new[]
                {
                    ("submit", "POST", "infinitetalk-api-model-submit"), ("result", "GET", "infinitetalk-api-api-result"),
                    ("result_head", "HEAD", "infinitetalk-api-api-result-head"),
                })
        {
            var endpoint = said.GetProperty("functions").GetProperty(function);
            (endpoint.GetProperty("method").GetString(), endpoint.GetProperty("label").GetString(),
                endpoint.GetProperty("requires_proxy_auth").GetBoolean(), endpoint.GetProperty("gpu").ValueKind)
                .ShouldBe((method, label, true, JsonValueKind.Null), "answers cost no GPU");
        }
        said.GetProperty("class").GetProperty("min_containers").ValueKind.ShouldBe(JsonValueKind.Null, "scales to zero");
        string[] serve = [.. said.GetProperty("commands")[1].EnumerateArray().Select(word => word.GetString()!)];
        serve[1..].ShouldBe(
            ["serve", "--no-auth", "--data", "/tmp/locutor", "--urls", shared.Service.Url, "--set", "model=infinitetalk-480p-fp8", "--set",
                "store=/models"]);
        said.GetProperty("codes").EnumerateArray().Select(code => code.GetInt32()).ShouldBe([202, 200]);
        IsVideo(said.GetProperty("modal_video")).ShouldBeTrue();
        said.GetProperty("invalid").EnumerateArray().Select(code => code.GetInt32()).ShouldBe([422, 422]);
        said.GetProperty("failed")[0].GetInt32().ShouldBe(500);
        said.GetProperty("failed")[1].GetString()!.ShouldStartWith("Failed to download from URL ftp://");
        said.GetProperty("unknown").GetInt32().ShouldBe(404);
        IsVideo(said.GetProperty("runpod").GetProperty("video")).ShouldBeTrue();
        said.GetProperty("runpod").GetProperty("width").GetInt32().ShouldBe(320);
        said.GetProperty("runpod_link").GetString()!.ShouldContain("/video?key=");
        said.GetProperty("runpod_refused").GetProperty("error").GetString()!.ShouldContain("steps");
    }

    [Fact]
    public async Task The_start_of_a_RunPod_worker_listens_on_its_ports_and_ping_tells_when_it_is_ready()
    {
        foreach (var (health, urls) in
                new[] { ("", "http://0.0.0.0:7777"), ("7777", "http://0.0.0.0:7777"), ("7778", "http://0.0.0.0:7777;http://0.0.0.0:7778") })
        {
            var (code, output) = await ShellAsync(
                "runpod/start.sh", new() { ["LOCUTOR_PROGRAM"] = "/bin/echo", ["PORT"] = "7777", ["PORT_HEALTH"] = health });
            (code, output.Trim()).ShouldBe((0, $"serve --urls {urls}"));
        }
        using var client = new HttpClient();
        using var ping = await client.GetAsync(shared.Service.Url + "/ping", Soon);
        ((int)ping.StatusCode).ShouldBe(200);
    }

    [Fact]
    public async Task Containers_that_share_a_volume_pull_its_models_one_after_the_other()
    {
        string store = Directory.CreateTempSubdirectory("locutor-models-").FullName;
        string program = Path.Combine(store, "program"), log = Path.Combine(store, "log");
        await ScriptFile.WriteAsync(program, $"#!/bin/sh\necho \"begin $*\" >> {log}\nsleep 0.2\necho end >> {log}\n");
        Dictionary<string, string> environment = new()
        {
            ["LOCUTOR_STORE"] = store,
            ["LOCUTOR_PROGRAM"] = program,
            ["LOCUTOR_PULL"] = "sketch film",
        };
        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ShellAsync("images/pull-models.sh", environment)));
        runs.ShouldAllBe(run => run.Code == 0);
        string[] lines = await File.ReadAllLinesAsync(log, Soon);
        string[] once = [$"begin models pull sketch --store {store}", "end", $"begin models pull film --store {store}", "end"];
        lines.ShouldBe([.. once, .. once, .. once]);
        Directory.Delete(store, recursive: true);
    }

    private async Task<JsonElement> RunAsync(string image, string audio)
    {
        string script = Path.Combine(TestEnvironment.Checkout, "tests/Service.FunctionalTests/Deploy/modal_and_runpod.py");
        var start = new ProcessStartInfo("python3", [script, Folder, image, audio])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["LOCUTOR_URL"] = shared.Service.Url, ["LOCUTOR_TOKEN"] = $"{shared.Client.Key}.{shared.Client.Secret}",
                ["PYTHONDONTWRITEBYTECODE"] = "1",
            },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Soon);
        string error = await process.StandardError.ReadToEndAsync(Soon);
        await process.WaitForExitAsync(Soon);
        process.ExitCode.ShouldBe(0, error);
        using var json = JsonDocument.Parse(await output);
        return json.RootElement.Clone();
    }

    private static async Task<(int Code, string Output)> ShellAsync(string script, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(Folder, script)]) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(Soon);
        await process.WaitForExitAsync(Soon);
        return (process.ExitCode, output);
    }

    private static bool IsVideo(JsonElement base64) => Convert.FromBase64String(base64.GetString()!).AsSpan(4, 4).SequenceEqual("ftyp"u8);
}
