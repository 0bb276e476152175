using System.Diagnostics;
using System.Text.RegularExpressions;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>
/// The page in headless Chromium, from the first click to the playing video. LOCUTOR_SCREENSHOTS names a folder for pictures of it.
/// </summary>
public sealed partial class PageTests(SharedBrowser shared) : IClassFixture<SharedBrowser>, IAsyncLifetime
{
    private const string PlaysSome =
        "() => { const video = document.querySelector('.screen video'); return video && video.currentTime > 0.1 && video.videoWidth === " +
        "320; }";

    private readonly string folder = Directory.CreateTempSubdirectory("locutor-page-").FullName;
    private readonly List<string> complaints = [];
    private readonly List<IBrowserContext> contexts = [];

    private string Picture => Path.Combine(folder, "portrait.png");

    private string Voice => Path.Combine(folder, "voice.wav");

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllBytesAsync(Picture, Samples.Picture);
        await File.WriteAllBytesAsync(Voice, Samples.VoiceOfASecond);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var context in contexts)
            await context.CloseAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task From_a_picture_and_a_voice_to_a_playing_video_and_again()
    {
        await using var service = await ServiceProcess.StartAsync("--no-auth", "--set", "stub_seconds=3");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        await Expect(page.GetByAltText("Your picture")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Generate" })).ToBeDisabledAsync();
        await page.Locator("#voice-file").SetInputFilesAsync(Voice);
        await Expect(page.Locator("#estimate")).ToContainTextAsync("1.3 s of video");
        await page.GetByLabel("Prompt", new() { Exact = false }).First.FillAsync("<b>She sings</b>");
        await page.GetByText("Advanced settings").ClickAsync();
        await page.GetByLabel("Steps", new() { Exact = true }).FillAsync("6");
        await ShotAsync(page, "composed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        using var client = new TokenClient(service.Url, "-", "-");
        var worker = await HeldWorker.HoldAsync(
            client, await FirstJobAsync(client), static job => job.GetProperty("progress").TryGetProperty("clip", out _));
        await Expect(page.Locator(".veil strong")).ToHaveTextAsync(new Regex("Drawing · \\d+ %"));
        await Expect(page.Locator(".veil span").First).ToContainTextAsync("clip ");
        await Expect(page.Locator("#service-state")).ToHaveTextAsync("Working");
        await ShotAsync(page, "running");
        await worker.ContinueAsync();
        await Expect(page.Locator(".screen video")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await UntilAsync(page, PlaysSome);
        await PauseAsync(page);
        await FindTileAsync(page, "portrait · voice", "<b>She sings</b>");
        await page.Locator(".format").SelectOptionAsync("webm");
        var download = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Download" }).ClickAsync());
        download.SuggestedFilename.ShouldBe("portrait-voice.webm");
        await ShotAsync(page, "finished");

        await page.GetByRole(AriaRole.Button, new() { Name = "Code" }).ClickAsync();
        await Expect(page.Locator("#code-text")).ToContainTextAsync("/v1/jobs");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Classic" }).ClickAsync();
        await Expect(page.Locator("#code-text")).ToContainTextAsync("CALL_ID=$(curl");
        await CheckAccessAsync(page, "code");
        await ShotAsync(page, "code");
        await page.Keyboard.PressAsync("Escape");
        string seed = await page.Locator(".facts span", new() { HasText = "Seed" }).Locator("b").InnerTextAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Again", Exact = true }).ClickAsync();
        await Expect(page.Locator("#seed")).ToHaveValueAsync(seed);
        await Expect(page.Locator("#steps")).ToHaveValueAsync("6");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Generate" })).ToBeEnabledAsync();

        await KeepsInputsAsync(page);
        await VariesAsync(page);
        await DeletesAsync(page, client);
        complaints.ShouldBeEmpty();
    }

    private static async Task FindTileAsync(IPage page, string title, string about)
    {
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(1);
        await Expect(page.Locator("#history .title")).ToHaveTextAsync(title);
        await Expect(page.Locator("#history .about")).ToHaveTextAsync(about);
    }

    private static async Task KeepsInputsAsync(IPage page)
    {
        await page.Locator("#transcript").FillAsync("Good morning.\nGood evening.");
        await Expect(page.Locator("#compose")).ToHaveAttributeAsync("data-draft", "saved");
        await page.ReloadAsync();
        await Expect(page.Locator("#transcript")).ToHaveValueAsync("Good morning.\nGood evening.");
        await Expect(page.Locator("#picture-drop .caption")).ToContainTextAsync("portrait.png");
        await Expect(page.Locator("#voice-drop .caption")).ToContainTextAsync("voice.wav");
        await Expect(page.Locator("#steps")).ToHaveValueAsync("6");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Generate" })).ToBeEnabledAsync();
    }

    private static async Task VariesAsync(IPage page)
    {
        await Expect(page.Locator("#history .tile")).ToHaveCountAsync(1);
        await page.GetByRole(AriaRole.Button, new() { Name = "Variation" }).ClickAsync();
        await Expect(page.Locator("#history .tile[data-status=succeeded]")).ToHaveCountAsync(2);
        string[] seeds = await page.EvaluateAsync<string[]>(
            "async () => (await (await fetch('/v1/jobs')).json()).jobs.map(job => `${job.seed} ${job.steps} ${job.prompt}`)");
        seeds[0].ShouldEndWith(" 6 <b>She sings</b>");
        seeds[0].ShouldNotBe(seeds[1]);
        foreach (int tile in new[] { 0, 1 })
            await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).Nth(tile).ClickAsync();
        await UntilAsync(
            page, "() => { const [one, other] = document.querySelectorAll('.compared video'); return other?.currentTime > 0.1 && " +
            "Math.abs(one.currentTime - other.currentTime) < 0.3; }");
        await PauseAsync(page);
        await CheckAccessAsync(page, "compared");
        await ShotAsync(page, "compared");
    }

    [Fact]
    public async Task A_typed_text_becomes_a_video_with_captions_and_comes_back()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "stub_seconds=0.5");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        await page.GetByRole(AriaRole.Tab, new() { Name = "Text" }).ClickAsync();
        var generate = page.GetByRole(AriaRole.Button, new() { Name = "Generate" });
        await Expect(generate).ToBeDisabledAsync();
        await Expect(page.Locator("#voice")).ToHaveAttributeAsync("placeholder", new Regex("Voice: .+ \\(default\\)"));
        await Expect(page.Locator("#voice2")).ToBeHiddenAsync();
        await page.Locator("#text").FillAsync("A: Good <b>morning</b>.\nB: Good evening.");
        await Expect(page.Locator("#voice2")).ToBeVisibleAsync();
        await page.Locator("#voice2").FillAsync("de+f3");
        await Expect(page.Locator("#estimate")).ToContainTextAsync("About 2");
        await ShotAsync(page, "text");
        await generate.ClickAsync();
        await Expect(page.Locator(".screen video")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await UntilAsync(
            page,
            "() => { const track = document.querySelector('.screen track')?.track; if (track) track.mode = 'showing'; return " +
            "track?.cues?.length === 2; }");
        await PauseAsync(page);
        (await page.EvaluateAsync<string>("() => document.querySelector('.screen track').track.cues[0].getCueAsHTML().textContent"))
            .ShouldBe("Good <b>morning</b>.");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Sound" }))
            .ToHaveAttributeAsync("href", new Regex("/sound\\?download$"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Code" }).ClickAsync();
        await Expect(page.Locator("#code-text")).ToContainTextAsync("'text=<text.txt'");
        await page.Keyboard.PressAsync("Escape");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Sound" }).ClickAsync();
        await page.Locator("#text").EvaluateAsync("area => { area.value = ''; }");
        await page.GetByRole(AriaRole.Button, new() { Name = "Again", Exact = true }).ClickAsync();
        await Expect(page.Locator("#text")).ToHaveValueAsync("A: Good <b>morning</b>.\nB: Good evening.");
        await Expect(page.Locator("#voice2")).ToHaveValueAsync("de+f3");
        await Expect(generate).ToBeEnabledAsync();
        await ShotAsync(page, "text-finished");
        (await page.EvaluateAsync<string[]>(FollowWithoutEvents, page.Url.Split('#')[1])).ShouldBe(["succeeded 1", "succeeded 0"]);
        complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_click_on_a_sample_makes_a_talking_video_with_the_bundled_model()
    {
        await using var service = await ServiceProcess.StartRealAsync("--no-auth");
        var page = await OpenAsync(service.Url, 1366, 768);
        await Expect(page.GetByText("Make one like this")).ToBeInViewportAsync();
        await Expect(page.Locator("#submit")).ToBeInViewportAsync(new() { Ratio = 1 });
        await page.Locator(".vacant").GetByRole(AriaRole.Button, new() { Name = "Play" }).ClickAsync();
        await UntilAsync(page, "() => document.querySelector('.vacant video').currentTime > 0.3");
        await PauseAsync(page); // It plays in a loop.
        (await page.Locator("#model option").AllInnerTextsAsync()).ShouldBe(["sketch"]);
        await ShotAsync(page, "empty");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sample: Hana" }).ClickAsync();
        await Expect(page.GetByAltText("Your picture")).ToBeVisibleAsync();
        await Expect(page.Locator("#estimate")).ToContainTextAsync("of video");
        await ShotAsync(page, "sample");
        await GenerateUntilDrawingAsync(page);
        await ShotAsync(page, "sample-running");
        using var client = new TokenClient(service.Url, "-", "-");
        string id = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs")[0].GetProperty("id").GetString()!;
        var worker = await HeldWorker.HoldAsync(client, id);
        await Expect(page.Locator(".screen.live video")).ToBeVisibleAsync();
        await UntilAsync(page, "() => document.querySelector('.screen.live video').currentTime > 0.3");
        await Expect(page.Locator(".timeline")).ToContainTextAsync("of 0:03 ready");
        await UntilAsync(page, "() => document.querySelector('.screen .preview:not([hidden])')?.naturalWidth > 0");
        await ShotAsync(page, "sample-live");
        await ContinueAsync(page, worker);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download" })).ToBeVisibleAsync(new() { Timeout = 300_000 });
        await UntilAsync(page, "() => document.querySelector('.screen video').videoWidth > 0");
        (await page.EvaluateAsync<double>("document.querySelector('.screen video').currentTime")).ShouldBeGreaterThan(
            0.3, "the finished video continues where the live one was");
        await UntilAsync(page, "() => !document.querySelector('.screen video').paused");
        await PauseAsync(page);
        await ShotAsync(page, "sample-finished");
        (await MovementAsync(service)).ShouldBeGreaterThan(0.3, "the picture does not move");
        await Expect(page.Locator(".notice")).ToHaveCountAsync(0);
        await Expect(page.Locator("#picture-note")).ToBeHiddenAsync();
        await ForeignPictureAsync(service, page, client);
        service.Log.ShouldNotContain("failed");
        complaints.ShouldBeEmpty();
    }

    /// <summary>Submits a picture that is no painted portrait, expects the page's notice, and cancels the job.</summary>
    private async Task ForeignPictureAsync(ServiceProcess service, IPage page, TokenClient client)
    {
        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        await Expect(page.Locator("#picture-note")).ToContainTextAsync("does not look like the painted portraits");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator(".notice")).ToContainTextAsync("does not look like the painted portraits", new() { Timeout = 60_000 });
        var noticed = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs")[0];
        var worker = await HeldWorker.HoldRunningAsync(client, noticed.GetProperty("id").GetString()!); // nobody wants its video
        await ShotAsync(page, "notice");
        noticed.GetProperty("notice").GetString()!.ShouldContain("locutor models pull");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await worker.ContinueAsync();
        for (var clock = Stopwatch.StartNew(); !service.Log.Contains("stops: Canceled", StringComparison.Ordinal); await Task.Delay(50))
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90), service.Log);
    }

    private async Task<IPage> OpenAsync(
        string url, int width, int height, ColorScheme scheme = ColorScheme.Light, Func<IPage, Task>? prepare = null)
    {
        var browser = await shared.GetAsync();
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
            HasTouch = width < 600,
            Permissions = ["microphone"],
            // Without a GPU, every frame of an animation takes CPU time, which the tests that run at the same time need.
            ReducedMotion = ReducedMotion.Reduce,
        });
        contexts.Add(context);
        context.SetDefaultTimeout(60_000);
        SetDefaultExpectTimeout(60_000);
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" && !message.Text.Contains("401", StringComparison.Ordinal))
                complaints.Add(message.Text);
        };
        if (prepare is not null) await prepare(page);
        await page.GotoAsync(url);
        return page;
    }

    /// <summary>
    /// Clicks on Generate and waits until the page has shown that a clip is made. A stage may last a fraction of a second, which a look now
    /// and then would miss, so every stage is noted. The shortest one may end between two reports of the service.
    /// </summary>
    private static async Task GenerateUntilDrawingAsync(IPage page)
    {
        await page.EvaluateAsync(
            "() => { window.stages = []; new MutationObserver(() => stages.push(document.querySelector('.veil strong')?.textContent))" +
            ".observe(document.body, { subtree: true, childList: true, characterData: true }); }");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await page.WaitForFunctionAsync(
            "() => stages.some(stage => /^(Drawing|Decoding) · [0-9]+ %$/.test(stage))",
            options: new PageWaitForFunctionOptions { PollingInterval = 100, Timeout = 120_000 });
    }

    /// <summary>Waits until a function in the page returns true. It is called ten times a second, not for each frame.</summary>
    private static async Task UntilAsync(IPage page, string function) =>
        await page.WaitForFunctionAsync(function, options: new PageWaitForFunctionOptions { PollingInterval = 100 });

    /// <summary>Pauses all videos once a test has seen them play: they play again and again, and each frame costs CPU time.</summary>
    private static async Task PauseAsync(IPage page) =>
        await page.EvaluateAsync("for (const video of document.querySelectorAll('video')) video.pause()");

    private static async Task TabToAsync(IPage page, string selector)
    {
        for (int press = 0; press < 80; press++)
        {
            if (await page.EvaluateAsync<bool>("selector => document.activeElement?.matches(selector)", selector))
                return;
            await page.Keyboard.PressAsync("Tab");
        }
        throw new InvalidOperationException($"{selector} cannot be reached with the Tab key");
    }

    private static async Task ShotAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("LOCUTOR_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
    }
}
