using System.Globalization;
using System.Text.Json;
using Locutor.Cli.Client;
using Locutor.Cli.Commands;
using Locutor.CommandLine;
using Locutor.Generation.Progress;

namespace Locutor.Cli.Tests;

/// <summary>The client's parts that need no service; the tests of the service run its commands.</summary>
public sealed class ClientTests
{
    [Theory]
    [InlineData("wk-1.secret\n", "wk-1.secret")]
    [InlineData("Modal-Key: wk-1\nModal-Secret: s.e\n", "wk-1.s.e")]
    [InlineData("wk-1", null)]
    [InlineData("", null)]
    [InlineData("two words.here", null)]
    public void A_token_is_read_in_both_forms(string text, string? token) => ServiceToken.Parse(text).ShouldBe(token);

    [Theory]
    [InlineData("ftp://host")]
    [InlineData("localhost:8080")]
    public void An_address_of_no_service_is_refused(string server) =>
        Should.Throw<CommandException>(() => new ServiceClient(server, null)).Message.ShouldContain("expected an address such as http://");

    [Fact]
    public void A_job_becomes_a_short_row_and_a_progress()
    {
        var job = new RemoteJob(JsonDocument.Parse("""
            { "id": "fc-jDKqk0qCGq9xG7UOmFGwO9vJd3", "status": "running", "stage": "denoising", "model": "infinitetalk-480p-fp8",
              "prompt": "a person\nis talking about many things", "created_at": "2026-11-26T11:30:00Z",
              "progress": { "percent": 42.4, "clip": 2, "clips": 6, "step": 3, "steps": 8, "eta_seconds": 90.5 } }
            """).RootElement);

        string created = job.Created.LocalDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        ClientCommands.Row(job).ShouldStartWith($"fc-jDKqk0qCGq9xG7UOmFGwO9vJd3 running    42 % {created} ");
        ClientCommands.Row(job).ShouldNotContain("\n");
        ClientCommands.Row(job).Length.ShouldBeLessThanOrEqualTo(100);
        var progress = job.ToProgress();
        (progress.Stage, progress.Clip, progress.Clips, progress.Step, progress.Steps).ShouldBe((GenerationStage.Denoising, 2, 6, 3, 8));
        progress.Fraction.ShouldBe(0.424, 1e-9);
        progress.TimeLeft.ShouldBe(TimeSpan.FromSeconds(90.5));
        job.IsOver.ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{ "detail": "x", "errors": { "audio": ["a"], "motion_frames": ["b"] } }""", "--audio1-path: a; --motion-frames: b")]
    [InlineData("""{ "detail": "the service drains" }""", "the service drains")]
    [InlineData("<html>", "")]
    public void A_refusal_names_the_options(string body, string told) => ServiceProblem.Describe(body).ShouldBe(told);
}
