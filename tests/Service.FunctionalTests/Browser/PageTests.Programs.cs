using System.Diagnostics;
using System.Text.RegularExpressions;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The steps of an owner and an operator after a video is made: programs, shared links, and the view of all tokens.</summary>
public sealed partial class PageTests
{
    [Fact]
    public async Task The_shown_programs_run_as_they_are_links_are_shared_and_operators_see_and_pause_everything()
    {
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=0.3", "--set", "workers=cpu");
        using var client = service.CreateClient(TokenScopes.All, "studio");
        using var other = service.CreateClient(name: "guest");
        await other.EndAsync(await other.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "run out of memory")));
        // The settings arrive after Generate is pressed, as on a slow connection.
        var pressed = new TaskCompletionSource();
        var page = await OpenAsync(
            $"{service.Url}/#{client.Key}.{client.Secret}", 1280, 900,
            prepare: page => page.RouteAsync("**/v1/options", async route =>
            {
                await pressed.Task;
                await route.ContinueAsync();
            }));
        string picture = Path.Combine(folder, "portrait, one;type=a.png"); // marks that curl, too, has a use for
        File.Copy(Picture, picture);
        await page.Locator("#picture-file").SetInputFilesAsync(picture);
        await page.Locator("#voice-file").SetInputFilesAsync(Voice);
        await page.Locator("#prompt").FillAsync("It's \"half\" $5 & more\non \\n two\u2028or three lines");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        pressed.SetResult();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Share" })).ToBeVisibleAsync();
        await UntilAsync(page, PlaysSome);
        await PauseAsync(page);

        await RunProgramsAsync(page, client);
        await ShareAsync(page);
        await OperateAsync(page);
        complaints.ShouldBeEmpty();
    }

    /// <summary>Runs the text of every tab and checks that it makes an equal job and saves its video.</summary>
    private async Task RunProgramsAsync(IPage page, TokenClient client)
    {
        var made = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs")[0];
        await page.GetByRole(AriaRole.Button, new() { Name = "Code" }).ClickAsync();
        foreach (var (tab, file, command) in new[]
        {
            ("curl", "program.sh", "sh program.sh"),
            ("Python", "program.py", "python3 -c 'import requests' || pip install -q --target . requests; python3 program.py"),
            ("JavaScript", "program.mjs", "node program.mjs"),
            ("C#", "program.cs", "dotnet run program.cs"),
        })
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = tab, Exact = true }).ClickAsync();
            await File.WriteAllTextAsync(Path.Combine(folder, file), await page.Locator("#code-text").TextContentAsync());
            string video = Path.Combine(folder, made.GetProperty("result").GetProperty("file_name").GetString()!);
            File.Delete(video);
            await RunAsync(command, $"{client.Key}.{client.Secret}");
            var job = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs")[0];
            job.GetProperty("prompt").GetString().ShouldBe(made.GetProperty("prompt").GetString(), tab);
            (await File.ReadAllBytesAsync(video)).ShouldBe(
                await client.Http.GetByteArrayAsync(job.GetProperty("result").GetProperty("video").GetString()), tab);
        }
        (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs").GetArrayLength().ShouldBe(5);
        await page.Keyboard.PressAsync("Escape");
    }

    private async Task RunAsync(string command, string token)
    {
        var start = new ProcessStartInfo("sh", ["-c", command])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LOCUTOR_TOKEN"] = token;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{command}: {await output} {error}");
    }

    /// <summary>A browser without a token plays the video of a shared link, and no other address.</summary>
    private async Task ShareAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await Expect(page.Locator("#share-link")).ToHaveValueAsync(new Regex("/watch.html#/v1/jobs/"));
        string link = await page.Locator("#share-link").InputValueAsync();
        await page.Keyboard.PressAsync("Escape");
        var guest = await OpenAsync(link, 390, 800);
        await UntilAsync(guest, "() => document.querySelector('video')?.currentTime > 0.1");
        await PauseAsync(guest);
        await Expect(guest.GetByRole(AriaRole.Link, new() { Name = "Download" })).ToBeVisibleAsync();
        await CheckAccessAsync(guest, "watch");
        (await guest.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390);
        await guest.CloseAsync();
        var wrong = await OpenAsync(Regex.Replace(link, "signature=...", "signature=AAA"), 390, 800);
        await Expect(wrong.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not work any more");
        await wrong.CloseAsync();
        complaints.RemoveAll(complaint => complaint.Contains("403", StringComparison.Ordinal));
    }

    private static async Task OperateAsync(IPage page)
    {
        await page.Locator("#operate summary").ClickAsync();
        await Expect(page.Locator("#all-jobs")).ToContainTextAsync("guest");
        await Expect(page.Locator("#failures")).ToContainTextAsync("gpu_out_of_memory");
        await Expect(page.Locator("#usage")).ToContainTextAsync("studio");
        await CheckAccessAsync(page, "operators");
        await ShotAsync(page, "operators");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause: cpu" }).ClickAsync();
        await Expect(page.Locator(".worker .badge")).ToHaveTextAsync("paused");
        var resume = page.GetByRole(AriaRole.Button, new() { Name = "Resume: cpu" });
        await Expect(resume).ToBeFocusedAsync(); // in the place of the button that was pressed
        await page.GetByRole(AriaRole.Button, new() { Name = "Variation" }).ClickAsync();
        await Expect(page.Locator(".veil strong")).ToHaveTextAsync("Next in line");
        await resume.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Variation" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Retire: cpu" }).ClickAsync();
        await Expect(page.Locator("#worker-strip")).ToContainTextAsync("Jobs wait until one joins.");
    }
}
