using System.CommandLine;
using System.Diagnostics;
using Locutor.Cli;
using Locutor.Cli.Client;
using Locutor.Cli.Commands;
using Locutor.CommandLine;
using Locutor.Generation.Requests;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.V1;

// The commands submit, jobs, watch and download against a running service; they run in the process of the test.
public sealed partial class JobsTests
{
    [Fact]
    public async Task The_command_line_submits_lists_watches_and_downloads()
    {
        var folder = Directory.CreateTempSubdirectory("locutor-client-");
        try
        {
            using var token = shared.Service.CreateClient();
            string At(string name) => Path.Combine(folder.FullName, name);
            await File.WriteAllBytesAsync(At("me.png"), Samples.Picture);
            await File.WriteAllBytesAsync(At("voice.wav"), Samples.VoiceOfASecond);
            await File.WriteAllTextAsync(At("token"), $"Modal-Key: {token.Key}\nModal-Secret: {token.Secret}\n");
            string[] service = ["--server", shared.Service.Url, "--token-file", At("token"), "--quiet"];
            string[] inputs = ["-i", At("me.png"), "-a", At("voice.wav")];

            (await RunAsync(["submit", .. inputs, "--seed", "7", "--prompt", "a woman sings", "-o", At("video.mp4"), .. service]))
                .ShouldBe(0);
            using var client = new ServiceClient(shared.Service.Url, ServiceToken.Find(At("token")));
            var job = (await client.ListAsync(100, "succeeded", CancellationToken.None)).Single();
            (job.Prompt, job.Json.GetProperty("seed").GetInt64(), job.IsOver).ShouldBe(("a woman sings", 7, true));
            byte[] video = await token.Http.GetByteArrayAsync($"/v1/jobs/{job.Id}/video");
            (await File.ReadAllBytesAsync(At("video.mp4"))).ShouldBe(video);
            (await RunAsync(["watch", job.Id, .. service])).ShouldBe(0);
            (await RunAsync(["download", job.Id, "-o", At("again.mp4"), .. service])).ShouldBe(0);
            (await File.ReadAllBytesAsync(At("again.mp4"))).ShouldBe(video);

            await ChangeJobsAsync(client, job.Id, At("same.mp4"), video, service);
            await NamesDecideAsync(client, inputs, At, service);
            await RefusedAsync(
                2, "--steps: expected a whole number from 1 to 1000, found 5000", ["submit", .. inputs, "--steps", "5000", .. service]);
            await RefusedAsync(3, "no such job", ["watch", "fc-none", .. service]);
            await RefusedAsync(4, "exists already", ["download", job.Id, "-o", At("video.mp4"), .. service]);
            await File.WriteAllTextAsync(At("token"), "wk-a.b");
            await RefusedAsync(2, "a token is required, or this token is not accepted", ["jobs", .. service[..^1]]);
            folder.GetFiles("*.part").ShouldBeEmpty();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task What_a_worker_says_of_the_inputs_is_printed_once()
    {
        using var token = shared.Service.CreateClient();
        string id = await token.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "say a notice"));
        var start = new ProcessStartInfo(ServiceProcess.StubProgram, ["watch", id, "--server", shared.Service.Url])
        {
            RedirectStandardError = true,
        };
        start.Environment["LOCUTOR_TOKEN"] = $"{token.Key}.{token.Secret}";
        using var watch = Process.Start(start)!;
        string[] said = (await watch.StandardError.ReadToEndAsync()).Split('\n');
        await watch.WaitForExitAsync();
        watch.ExitCode.ShouldBe(0);
        said.Count(line => line == "note: The voice: the stub was asked to say this").ShouldBe(1, string.Join('\n', said));
    }

    [Fact]
    public async Task A_download_to_a_full_disk_ends_with_the_code_of_outputs()
    {
        using var token = shared.Service.CreateClient();
        string id = await token.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await token.EndAsync(id);
        string command = $"'{ServiceProcess.StubProgram}' download {id} -q -o - --server {shared.Service.Url} >/dev/full";
        var start = new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardError = true };
        start.Environment["LOCUTOR_TOKEN"] = $"{token.Key}.{token.Secret}";
        using var download = Process.Start(start)!;
        string said = await download.StandardError.ReadToEndAsync();
        await download.WaitForExitAsync();
        (download.ExitCode, said.Trim()).ShouldBe((4, "locutor: -: cannot be written (No space left on device)"));
    }

    /// <summary>Repeats a job, cancels a job in vain, and deletes it.</summary>
    private static async Task ChangeJobsAsync(ServiceClient client, string id, string path, byte[] video, string[] service)
    {
        (await RunAsync(["again", id, "--seed", "7", "-o", path, .. service])).ShouldBe(0);
        (await File.ReadAllBytesAsync(path)).Length.ShouldBe(video.Length);
        var again = (await client.ListAsync(1, "succeeded", CancellationToken.None)).Single();
        again.Id.ShouldNotBe(id);
        (again.Prompt, again.Json.GetProperty("seed").GetInt64()).ShouldBe(("a woman sings", 7));
        await RefusedAsync(2, "--seed: expected 0 to ", ["again", id, "--seed", "-1", .. service]);
        await RefusedAsync(2, "expected -y", ["delete", id, .. service]);
        (await RunAsync(["cancel", again.Id, "fc-none", .. service])).ShouldBe(3, "one is over, the other is unknown");
        (await RunAsync(["delete", again.Id, "-y", .. service])).ShouldBe(0);
        (await Should.ThrowAsync<CommandException>(() => client.FindAsync(again.Id, CancellationToken.None))).ExitCode.ShouldBe(3);
    }

    /// <summary>The name of a file decides its format, as for generate.</summary>
    private static async Task NamesDecideAsync(ServiceClient client, string[] inputs, Func<string, string> at, string[] service)
    {
        byte[] webM = [0x1A, 0x45, 0xDF, 0xA3], mp4 = [.. "ftyp"u8];
        (await RunAsync(["submit", .. inputs, "--format", "webm", "-o", at("new.webm"), .. service])).ShouldBe(0);
        string id = (await client.ListAsync(1, "succeeded", CancellationToken.None)).Single().Id;
        (await RunAsync(["download", id, "-o", at("same.webm"), .. service])).ShouldBe(0);
        (await RunAsync(["download", id, "-o", at("other.mp4"), .. service])).ShouldBe(0);
        (await RunAsync(["again", id, "-o", at("repeated.mp4"), .. service])).ShouldBe(0);
        foreach (string name in new[] { "new.webm", "same.webm" }) (await File.ReadAllBytesAsync(at(name)))[..4].ShouldBe(webM, name);
        foreach (string name in new[] { "other.mp4", "repeated.mp4" }) (await File.ReadAllBytesAsync(at(name)))[4..8].ShouldBe(mp4, name);
        var differ = await Should.ThrowAsync<RequestException>(
            () => RunAsync(["submit", .. inputs, "--format", "webm", "-o", at("no.mp4"), .. service]));
        differ.Message.ShouldBe($"format: expected mp4 as in the name {at("no.mp4")}, found 'webm'");
        await RefusedAsync(2, "expected a name that ends in .mp4", ["submit", .. inputs, "-o", at("no.avi"), .. service]);
    }

    private static Task<int> RunAsync(string[] arguments) => LocutorProgram.CreateRoot(VideoMaking.WithNetworks).Parse(arguments)
        .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });

    private static async Task RefusedAsync(int code, string reason, string[] arguments)
    {
        var refused = await Should.ThrowAsync<CommandException>(() => RunAsync(arguments));
        refused.Message.ShouldContain(reason);
        refused.ExitCode.ShouldBe(code);
    }
}
