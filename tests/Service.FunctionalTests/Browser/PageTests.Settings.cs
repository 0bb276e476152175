using System.Globalization;
using System.Text.RegularExpressions;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>Settings on the page.</summary>
public sealed partial class PageTests
{
    /// <summary>The page has a control for every field of the table, with the limits and defaults of the chosen model.</summary>
    [Fact]
    public async Task The_form_shows_the_limits_of_the_model_and_marks_what_the_service_refuses()
    {
        await using var service = await ServiceProcess.StartRealAsync("--no-auth", "--set", "model=sketch", "--set", "workers=none");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await page.GetByText("Advanced settings").ClickAsync();
        var sketch = BundleCatalogue.Default().Find("sketch")!.Bundle;
        await CompareAsync(page, sketch);
        await ShotAsync(page, "settings");
        await page.Locator("#motion_frames").FillAsync("13");
        await page.Locator("#model").SelectOptionAsync(UntrainedBundle.Name);
        await CompareAsync(page, UntrainedBundle.Bundle);
        await Expect(page.Locator("#motion_frames")).ToHaveValueAsync("13");
        await page.Locator("#model").SelectOptionAsync("sketch");

        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        await page.Locator("#voice-file").SetInputFilesAsync(Voice);
        await page.Locator("#motion_frames").FillAsync("33");
        await page.Locator("#step_cache").FillAsync("often");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator("#problem")).ToContainTextAsync("motion_frames: expected one of 1, 5, 9, ... up to 29, found 33");
        await Expect(page.Locator("#motion_frames")).ToBeFocusedAsync();
        await Expect(page.Locator("#setting-hint")).ToContainTextAsync("Expects one of 1, 5, 9, ... up to 29.");
        foreach (string? wrong in new[] { "motion_frames", "step_cache" })
            await Expect(page.Locator("#" + wrong)).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(page.Locator("#steps")).ToHaveAttributeAsync("aria-invalid", "false");
        await ShotAsync(page, "settings-refused");
        complaints.ShouldAllBe(complaint => complaint.Contains("422", StringComparison.Ordinal));
    }

    private static async Task CompareAsync(IPage page, Bundle bundle)
    {
        var context = FieldContext.From(bundle);
        foreach (var field in VideoFields.All.Where(field => field is not FileField))
        {
            var control = page.Locator("#" + field.Name);
            var limits = field.Limits(bundle);
            if (field == VideoFields.Model)
                continue;
            if (limits.Minimum is { } minimum)
                await Expect(control).ToHaveAttributeAsync("min", minimum.ToString(CultureInfo.InvariantCulture));
            if (limits.Maximum is { } maximum)
                await Expect(control).ToHaveAttributeAsync("max", maximum.ToString(CultureInfo.InvariantCulture));
            if (limits.MaxLength is { } longest)
                await Expect(control).ToHaveAttributeAsync("maxlength", longest.ToString(CultureInfo.InvariantCulture));
            if (limits.Choices is { } choices)
            {
                (await control.Locator("option").EvaluateAllAsync<string[]>(
                    "options => options.map(option => option.value).filter(value => value)")).ShouldBe(choices);
            }

            if (limits.Minimum is not null && field.Default(context) is { } usual)
                await Expect(control).ToHaveAttributeAsync("placeholder", Convert.ToString(usual, CultureInfo.InvariantCulture)!);
            if (field != VideoFields.Preset && field != VideoFields.Size)
            {
                (await control.EvaluateAsync<string>("control => control.title || control.closest('label').title"))
                    .ShouldStartWith(field.Help);
            }
        }
        foreach (var (input, kinds) in
                new[]
                {
                    ("#picture-file", new[] { MediaKind.Picture, MediaKind.Video }), ("#voice-file", [MediaKind.Audio]),
                    ("#audio2-file", [MediaKind.Audio]),
                })
        {
            string[] offered = (await page.Locator(input).GetAttributeAsync("accept"))!.Split(',');
            foreach (var container in MediaContainer.All)
            {
                foreach (string? extension in kinds.SelectMany(kind => container.Names(kind)?.Extensions ?? []))
                    offered.ShouldContain("." + extension, $"{input}: {container.Name}");
            }
        }
    }

    [Fact]
    public async Task A_file_whose_type_no_browser_knows_goes_to_the_field_of_its_kind()
    {
        await using var service = await ServiceProcess.StartRealAsync("--no-auth", "--set", "model=sketch", "--set", "workers=none");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await Expect(page.Locator("#voice-file")).ToHaveAttributeAsync("accept", new Regex(@"\.amr"));
        foreach (var (name, field) in
                new[] { ("a.mts", "video"), ("b.MXF", "video"), ("c.heic", "image"), ("d.qoi", "image"), ("e", "image") })
        {
            await page.Locator("#picture-file").SetInputFilesAsync(new FilePayload { Name = name, MimeType = "", Buffer = [1, 2, 3] });
            await page.Locator("#voice-file").SetInputFilesAsync(new FilePayload { Name = "v.amr", MimeType = "", Buffer = [1, 2, 3] });
            await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
            await Expect(page.Locator("#problem")).ToContainTextAsync($"{field}: "); // the service names the field of the three bytes
        }
    }
}
