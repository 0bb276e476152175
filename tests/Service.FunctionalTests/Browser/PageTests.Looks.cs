using System.Text.RegularExpressions;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The page by keyboard, in both colour schemes, on a phone, and its reference.</summary>
public sealed partial class PageTests
{
    [Fact]
    public async Task With_the_keyboard_alone_signed_in_cancelling_on_a_phone()
    {
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=30");
        var (_, token, _) = await service.CommandAsync("tokens", "create", "--scopes", "all");
        var page = await OpenAsync(service.Url, 360, 760, ColorScheme.Dark);
        await Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await page.Keyboard.InsertTextAsync("my secret");
        await TabToAsync(page, "#sign-in-go");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#sign-in-problem")).ToContainTextAsync("It has two parts");
        await page.GetByLabel("Token").FillAsync("wk-nobody.ws-nothing");
        await ShotAsync(page, "sign-in-phone");
        await TabToAsync(page, "#sign-in-go");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#sign-in-problem")).ToContainTextAsync("does not know this token");
        await page.GetByLabel("Token").FillAsync(token);
        await TabToAsync(page, "#sign-in-go");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        (await page.EvaluateAsync<string>("document.cookie")).ShouldBe("", "scripts cannot read the session");
        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        await page.Locator("#voice-record").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#recorder-words")).ToContainTextAsync(new Regex(@"Recording · [1-9]"));
        (await page.Locator("#recorder-level").EvaluateAsync<double>("meter => meter.value")).ShouldBeInRange(0, 1);
        await ShotAsync(page, "phone-recording");
        (await page.Locator("#recorder-cancel").EvaluateAsync<bool>(
            "button => button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))"))
            .ShouldBeTrue("Enter on Cancel cancels, elsewhere it stops");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByLabel("Your voice")).ToBeVisibleAsync();
        await TabToAsync(page, "#submit");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".veil strong")).ToContainTextAsync(new Regex("Drawing|Loading|Next in line"));
        await ShotAsync(page, "phone-running");
        await TabToAsync(page, ".actions .danger");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".veil .badge")).ToHaveTextAsync("canceled");
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth"))
            .ShouldBeLessThanOrEqualTo(360, "nothing is wider than a phone");
        await page.ReloadAsync();
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(1);
        await ShotAsync(page, "phone-history");
        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_link_of_the_first_start_signs_in_and_leaves_no_secret_in_the_address()
    {
        await using var service = await LocalService.StartAsync();
        using var client = service.CreateClient(TokenScopes.All);
        var closed = await OpenAsync(service.Url, 1280, 900);
        await Expect(closed.GetByRole(AriaRole.Dialog, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await CheckAccessAsync(closed, "sign-in");
        await ShotAsync(closed, "sign-in");
        var page = await OpenAsync($"{service.Url}/#{client.Key}.{client.Secret}", 1280, 900);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
        await Expect(page.Locator("#workers")).ToBeVisibleAsync();
        page.Url.ShouldNotContain(client.Secret);
        (await page.EvaluateAsync<string>("document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"))
            .ShouldNotContain("ws-");

        // The link is opened in a tab that already shows the page. Then the token is revoked while both tabs are open.
        await closed.GotoAsync($"{service.Url}/#{client.Key}.{client.Secret}");
        await Expect(closed.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
        closed.Url.ShouldNotContain(client.Secret);
        await service.CommandAsync("tokens", "revoke", client.Key);
        await closed.EvaluateAsync("async () => { const api = await import('/js/api.js'); await api.jobs().catch(() => {}); }");
        await Expect(closed.GetByRole(AriaRole.Dialog, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Every_element_has_an_accessible_name_and_fits_in_light_dark_and_on_a_phone()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "stub_seconds=0.2");
        using (var client = new TokenClient(service.Url, "x", "y"))
        {
            foreach (string? prompt in
                    new[]
                    {
                        "A woman sings", "run out of memory",
                        "A very long prompt that goes on and on, about the light, the room, the microphone and the song",
                    })
            {
                await client.EndAsync(await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", prompt)));
            }
        }
        foreach (int width in new[] { 1280, 390 })
            await LookAsync(service, width);
        complaints.ShouldBeEmpty();
    }

    private async Task LookAsync(TestedService service, int width)
    {
        var page = await OpenAsync(service.Url, width, 900);
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(3);
        await page.Locator("#history .tile").Nth(1).ClickAsync();
        await Expect(page.Locator(".veil .badge")).ToHaveTextAsync("failed");
        await Expect(page.Locator(".veil .advice")).ToContainTextAsync("Choose a smaller size");
        await InBothSchemesAsync(page, $"{width}-failed", view => CheckAccessAsync(page, view));
        await page.Locator("#history .tile").Last.ClickAsync();
        await Expect(page.Locator(".screen video")).ToBeVisibleAsync();
        await UntilAsync(page, "() => document.querySelector('.screen video').currentTime > 0");
        await PauseAsync(page);
        foreach (string part in new[] { "#compose summary", "#people-add", "#operate summary" })
            await page.Locator(part).ClickAsync();
        await Expect(page.Locator("#usage")).ToContainTextAsync("local");
        await InBothSchemesAsync(page, $"{width}-open", view => FitsWithNamesAsync(page, view));
        await page.GetByRole(AriaRole.Button, new() { Name = "Code", Exact = true }).ClickAsync();
        await InBothSchemesAsync(page, $"{width}-code", async view =>
            (await page.EvaluateAsync<int>("document.querySelector('#code').scrollWidth - document.querySelector('#code').clientWidth"))
                .ShouldBe(0, $"{view}: nothing is cut off"));
        await page.CloseAsync();
    }

    /// <summary>Checks a view in light and in dark colours. One page shows both, because opening it takes longer than the checks.</summary>
    private static async Task InBothSchemesAsync(IPage page, string name, Func<string, Task> checkAsync)
    {
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            string view = $"{scheme.ToString().ToLowerInvariant()}-{name}";
            await checkAsync(view);
            await ShotAsync(page, view);
        }
    }

    private static async Task FitsWithNamesAsync(IPage page, string view)
    {
        await CheckAccessAsync(page, view);
        string[] nameless = await page.EvaluateAsync<string[]>("""
            const parts = 'button, a, input, select, textarea, video, audio, progress, img';
            [...document.querySelectorAll(parts)].filter(e => e.offsetParent !== null).filter(e => {
              const name = e.getAttribute('aria-label') || e.getAttribute('alt') || e.textContent.trim() || e.labels?.length
                || e.getAttribute('aria-labelledby') || (e.tagName === 'IMG' && e.alt === '');
              return !name;
            }).map(e => e.outerHTML.slice(0, 120))
            """);
        nameless.ShouldBeEmpty(view);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth")).ShouldBe(0, view);
    }

    [Fact]
    public async Task The_reference_page_runs_no_inline_script_and_loads_nothing_from_elsewhere()
    {
        await using var service = await LocalService.StartAsync("--set", "workers=none");
        var page = await OpenAsync(service.Url + "/docs/", 1280, 900);
        await Expect(page.GetByText("Submit a job").First).ToBeVisibleAsync();
        await Expect(page.GetByText("Bearer").First).ToBeVisibleAsync();
        await CheckAccessAsync(page, "reference");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.ReloadAsync();
        await Expect(page.GetByText("Bearer").First).ToBeVisibleAsync();
        await Expect(page.Locator("body.dark-mode")).ToHaveCountAsync(1); // Scalar draws the page in light colours first
        await CheckAccessAsync(page, "dark reference");
        await ShotAsync(page, "reference");
        complaints.ShouldBeEmpty();
    }
}
