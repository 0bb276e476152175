using System.Diagnostics;
using static TorchSharp.torch;

namespace Locutor.Torch.Tests;

/// <summary>libtorch prints on standard error from native code, so this program is started again to see what it prints.</summary>
public sealed class TorchWarningsTests
{
    private const string Warning = "degrees of freedom";

    /// <summary>libtorch warns here; the tests below start this one in a process of its own.</summary>
    [Fact]
    public void The_standard_deviation_of_one_number_is_NaN() => double.IsNaN(ones(1).std().item<float>()).ShouldBeTrue();

    [Fact]
    public async Task Warnings_of_libtorch_are_not_printed() => (await RunAsync(level: null)).ShouldNotContain(Warning);

    [Fact]
    public async Task Warnings_of_libtorch_are_printed_when_its_own_variable_asks_for_them() =>
        (await RunAsync("WARNING")).ShouldContain(Warning);

    private static async Task<string> RunAsync(string? level)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        string method = $"{typeof(TorchWarningsTests).FullName}.{nameof(The_standard_deviation_of_one_number_is_NaN)}";
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            ["-noColor", "-noLogo", "-method", method])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove(TorchOptions.LogVariable);
        if (level is not null) start.Environment[TorchOptions.LogVariable] = level;
        using var process = Process.Start(start)!;
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        (await output).ShouldContain("Total: 1, Errors: 0, Failed: 0");
        return await output + await error;
    }
}
