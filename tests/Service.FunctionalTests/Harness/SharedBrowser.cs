using Microsoft.Playwright;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// One Chromium for all tests of a class (IClassFixture), because starting it takes as much CPU time as a short test. Each test opens its
/// own contexts, which share neither cookies nor stored data, and closes them at its end. It is Chromium's headless shell: the same engine
/// without the windows, tabs and services of the desktop's browser needs two fifths less CPU time. LOCUTOR_CHROMIUM names another Chromium.
/// </summary>
public sealed class SharedBrowser : IAsyncLifetime
{
    private IPlaywright playwright = null!;
    private IBrowser? browser;

    public async ValueTask InitializeAsync() => playwright = await Playwright.CreateAsync();

    /// <summary>Returns the browser. A browser that crashed in an earlier test is started again.</summary>
    public async Task<IBrowser> GetAsync()
    {
        if (browser is { IsConnected: true })
            return browser;
        return browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("LOCUTOR_CHROMIUM") ?? "/usr/bin/chromium-headless-shell",
            Args =
            [
                "--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                // No page lives long enough to earn back an optimised compilation of its scripts, or threads that collect garbage.
                "--js-flags=--no-turbofan --no-maglev --single-threaded-gc"
            ],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright.Dispose();
    }
}
