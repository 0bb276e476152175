using System.Diagnostics;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>Deleted videos: undone, and deleted for good when the page is left.</summary>
public sealed partial class PageTests
{
    private static async Task DeletesAsync(IPage page, TokenClient client)
    {
        await page.Locator("#history .tile").First.ClickAsync();
        var delete = page.GetByRole(AriaRole.Button, new() { Name = "Delete" });
        await delete.ClickAsync();
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(2);
        await delete.ClickAsync();
        // Leaving the page deletes at once. The request is lost here, so the next page deletes what it finds.
        await page.EvaluateAsync(
            "() => { const send = fetch; fetch = (path, options) => options?.method === 'DELETE' ? new Promise(() => {}) : " +
            "send(path, options); }");
        await page.ReloadAsync();
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(1);
        await UntilCountAsync(client, 1);
        await page.Locator("#history .tile").ClickAsync();
        await delete.ClickAsync();
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(0);
        await page.GotoAsync("about:blank");
        await UntilCountAsync(client, 0);
    }

    /// <summary>
    /// Among more waiting jobs than the page looks at, those that are next in line are looked at, and a deleted one leaves the page, also
    /// the one on the screen while the page is in the background.
    /// </summary>
    private async Task SeesChangesElsewhereAsync(LocalService service)
    {
        using var client = new TokenClient(service.Url, "-", "-");
        var ids = new List<string>();
        while (ids.Count < 9)
            ids.Add(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond));
        var page = await OpenAsync(
            service.Url, 800, 600, prepare: page => page.AddInitScriptAsync(
                "const wait = setTimeout; window.setTimeout = (act, time) => wait(act, Math.min(time, 300));"));
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(ids.Count);
        await client.Http.PostAsync($"/v1/jobs/{ids[0]}/cancel", null);
        await page.RouteAsync($"**/v1/jobs/{ids[1]}", route => route.FulfillAsync(new() { Status = 404 }));
        await Expect(page.Locator("#history .tile[data-status=canceled]")).ToHaveCountAsync(1);
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(ids.Count - 1);
        await Expect(page.Locator("#service-state")).Not.ToHaveTextAsync("Trouble");
        await page.RouteAsync($"**/v1/jobs/{ids[^1]}", route => route.FulfillAsync(new() { Status = 404 }));
        await page.EvaluateAsync(
            "Object.defineProperty(document, 'hidden', { get: () => true }); document.dispatchEvent(new Event('visibilitychange'));");
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(ids.Count - 2);
        await page.CloseAsync();
        foreach (string id in ids)
            await client.Http.DeleteAsync($"/v1/jobs/{id}");
    }

    private static async Task UntilCountAsync(TokenClient client, int count)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            if ((await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs").GetArrayLength() == count) return;
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), $"not {count} jobs");
        }
    }
}
