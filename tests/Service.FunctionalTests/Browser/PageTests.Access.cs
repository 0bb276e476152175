using System.Diagnostics;
using Microsoft.Playwright;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The rules of accessibility, checked by axe-core from npm.</summary>
public sealed partial class PageTests
{
    private const string AxeVersion = "4.14.1";

    private static readonly Lazy<Task<string>> Axe = new(FetchAxeAsync);

    /// <summary>Finds no violation of any rule in what is shown.</summary>
    private static async Task CheckAccessAsync(IPage page, string view)
    {
        await page.EvaluateAsync(await Axe.Value);
        string[] violations = await page.EvaluateAsync<string[]>("""
            async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
              .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')}`))
            """);
        violations.ShouldBeEmpty(view);
    }

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
