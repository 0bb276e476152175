using Locutor.Cli.Doctor;
using Locutor.Generation.Diagnosis;

namespace Locutor.Cli.Tests;

public sealed class FindingLinesTests
{
    [Fact]
    public void Long_lines_are_broken_between_words_at_the_width_of_the_window()
    {
        using var output = new StringWriter();
        var lines = new FindingLines(output, 60, colours: true);
        lines.Write(Finding.Warning("gpu", "one two three four five six seven eight nine ten eleven twelve", "wait"));
        output.ToString().ReplaceLineEndings("\n").ShouldBe(
            "\u001b[33mwarning  \u001b[0mgpu         one two three four five six seven\n"
            + "                     eight nine ten eleven twelve\n"
            + "                     → wait\n");
        lines.Failures.ShouldBe(0);
    }

    [Fact]
    public async Task A_check_that_hangs_or_throws_is_a_failure_and_the_next_one_runs()
    {
        Check[] checks =
        [
            new("slow", async cancellationToken =>
            {
                await Task.Delay(Timeout.Infinite, CancellationToken.None);
                return [];
            }) { Patience = TimeSpan.FromMilliseconds(50) },
            new("deaf", () =>
            {
                Thread.Sleep(TimeSpan.FromSeconds(3)); // like a call to a driver that hangs
                return [];
            }) { Patience = TimeSpan.FromMilliseconds(50) },
            new("broken", () => throw new UnauthorizedAccessException("no right to read /x")),
            new("last", () => [Finding.Ok("last", "reached")]),
        ];
        var findings = await Check.RunAllAsync(checks, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
        findings.Select(finding => (finding.Check, finding.State)).ShouldBe(
            [("slow", FindingState.Failure), ("deaf", FindingState.Failure), ("broken", FindingState.Failure), ("last", FindingState.Ok)]);
        findings[0].Text.ShouldStartWith("no answer within");
        findings[2].Text.ShouldContain("no right to read /x");
    }
}
