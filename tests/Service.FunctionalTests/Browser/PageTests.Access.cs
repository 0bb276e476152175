using System.Diagnostics;
using Microsoft.Playwright;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The rules of accessibility, checked by axe-core from npm.</summary>
public sealed partial class PageTests
{
    private const string AxeVersion = "4.14.1";

    private static readonly Lazy<Task<string>> Axe = new(FetchAxeAsync);

    /// <summary>Finds no violation of any rule in what is shown, at the latest when all colours have been set: on a busy machine the
    /// reference stays half light and half dark for a while.</summary>
    private static async Task CheckAccessAsync(IPage page, string view)
    {
        if (!await page.EvaluateAsync<bool>("'axe' in window"))
            await page.EvaluateAsync(await Axe.Value);
        string[] violations = await FindViolationsAsync(page);
        for (int attempt = 0; attempt < 10 && violations.Length > 0; attempt++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            violations = await FindViolationsAsync(page);
        }
        violations.ShouldBeEmpty(view);
    }

    private static Task<string[]> FindViolationsAsync(IPage page) => page.EvaluateAsync<string[]>("""
        async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
          .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')}`))
        """);

    private static async Task<string> FetchAxeAsync()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-axe-").FullName;
        try
        {
            string[] arguments = ["install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, $"axe-core@{AxeVersion}"];
            using var npm = Process.Start(new ProcessStartInfo("npm", arguments))!;
            await npm.WaitForExitAsync();
            npm.ExitCode.ShouldBe(0, "npm cannot install axe-core");
            return await File.ReadAllTextAsync(Path.Combine(folder, "node_modules", "axe-core", "axe.min.js"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
