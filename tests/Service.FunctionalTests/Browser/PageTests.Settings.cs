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
        using var store = new AdapterStore();
        await using var service = await LocalService.StartRealAsync(store.Environment, "--no-auth", "--set", "model=untrained");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await page.GetByText("Advanced settings").ClickAsync();
        var sketch = BundleCatalogue.Default().Find("sketch")!.Bundle;
        await CompareAsync(page, UntrainedBundle.Bundle);
        await Expect(page.Locator("#lora")).ToHaveCountAsync(0);
        await page.Locator("#motion_frames").FillAsync("13");
        await page.Locator("#model").SelectOptionAsync("sketch");
        await CompareAsync(page, sketch);
        await ShotAsync(page, "settings");
        await Expect(page.Locator("#motion_frames")).ToHaveValueAsync("13");
        await Expect(page.Locator("#settings-changed")).ToHaveTextAsync("Motion frames changed");
        await page.Locator("#settings-reset").ClickAsync();
        await Expect(page.Locator("#motion_frames")).ToHaveValueAsync("");
        await Expect(page.Locator("#motion_frames-range")).ToContainTextAsync("up to 29; default 9");

        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        await page.Locator("#voice-file").SetInputFilesAsync(Voice);
        await page.Locator("#motion_frames").FillAsync("33");
        await Expect(page.Locator("#motion_frames")).ToHaveAttributeAsync("aria-invalid", "true");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator("#problem")).ToContainTextAsync("Motion frames: expected one of 1, 5, 9, ... up to 29");
        await Expect(page.Locator("#motion_frames")).ToBeFocusedAsync();
        await page.Locator("#motion_frames").FillAsync("13");
        await page.Locator("#step_cache").FillAsync("often");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator("#problem")).ToContainTextAsync("step_cache: expected a threshold from 0 to 10");
        await Expect(page.Locator("#step_cache")).ToBeFocusedAsync();
        await Expect(page.Locator("#step_cache")).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(page.Locator("#steps")).ToHaveAttributeAsync("aria-invalid", "false");
        await ShotAsync(page, "settings-refused");
        await page.Locator("#settings-reset").ClickAsync();
        await ChooseAdaptersAsync(page);
        complaints.ShouldAllBe(complaint => complaint.Contains("422", StringComparison.Ordinal));
    }

    /// <summary>Gives the field to which the page sends a file of this name, whose type it does not know.</summary>
    private const string FieldOfFile = """
        async name => {
          const { PictureInput } = await import('/js/picture.js');
          const { fields } = (await (await fetch('/v1/options')).json()).models[0];
          const input = { file: { name, type: '' }, found: null, offered: fields.filter(one => ['image', 'video'].includes(one.name)) };
          return Object.getOwnPropertyDescriptor(PictureInput.prototype, 'field').get.call(input);
        }
        """;

    /// <summary>
    /// Adapters of the store are chosen with a strength, a reload keeps them, one for another network is refused with the reason, and the
    /// job repeats them.
    /// </summary>
    private static async Task ChooseAdaptersAsync(IPage page)
    {
        var selects = page.Locator(".adapter select");
        (await selects.First.Locator("option").EvaluateAllAsync<string[]>("options => options.map(option => option.value)"))
            .ShouldBe(["", "film", "other-network", "soft"]);
        await selects.First.SelectOptionAsync("film");
        await page.GetByLabel("Strength of adapter 1").FillAsync("0.8");
        await selects.Nth(1).SelectOptionAsync("soft");
        await Expect(page.Locator("#lora")).ToHaveValueAsync("film=0.8,soft=1");
        await Expect(page.Locator("#settings-changed")).ToHaveTextAsync("Adapters (LoRA) changed");
        await CheckAccessAsync(page, "adapters");
        await ShotAsync(page, "settings-adapters");
        await selects.Nth(1).SelectOptionAsync("other-network");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator("#problem")).ToContainTextAsync(
            "lora: expected an adapter for the model sketch, found one that does not fit: other-network: ");
        await selects.Nth(1).SelectOptionAsync("");
        await Expect(page.Locator("#compose")).ToHaveAttributeAsync("data-draft", "saved");
        await page.ReloadAsync();
        await Expect(page.Locator("#lora")).ToHaveValueAsync("film=0.8");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator(".veil strong")).ToBeVisibleAsync();
        string lora = await page.EvaluateAsync<string>("""
            async () => JSON.stringify((await (await fetch('/v1/jobs')).json()).jobs[0].lora)
            """);
        lora.ShouldBe("[\"film=0.8\"]");
    }

    private static async Task CompareAsync(IPage page, Bundle bundle)
    {
        var context = FieldContext.From(bundle);
        foreach (var field in VideoFields.All.Where(field => field is not FileField))
        {
            var control = page.Locator("#" + field.Name);
            var limits = field.Limits(bundle);
            if (field == VideoFields.Model || field == VideoFields.Lora)
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
                (await control.EvaluateAsync<string>("control => control.title || control.labels[0].title"))
                    .ShouldStartWith(field.Help);
            }
        }
        foreach (var (input, kinds) in
                new[]
                {
                    ("#picture-file", new[] { MediaKind.Picture, MediaKind.Video }), ("#voice-file", [MediaKind.Audio]),
                    ("#second-file", [MediaKind.Audio]),
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
        await using var service = await LocalService.StartRealAsync(new Dictionary<string, string>(), "--no-auth", "--set", "model=sketch");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await Expect(page.Locator("#voice-file")).ToHaveAttributeAsync("accept", new Regex(@"\.amr"));
        foreach (var (name, field) in
                new[] { ("a.mts", "video"), ("b.MXF", "video"), ("c.heic", "image"), ("d.qoi", "image"), ("e", "image") })
        {
            await page.Locator("#picture-file").SetInputFilesAsync(new FilePayload { Name = name, MimeType = "", Buffer = [1, 2, 3] });
            await page.Locator("#voice-file").SetInputFilesAsync(new FilePayload { Name = "v.amr", MimeType = "", Buffer = [1, 2, 3] });
            await Expect(page.Locator("#picture-problem")).ToContainTextAsync("cannot be used");
            await Expect(page.Locator("#voice-problem")).ToContainTextAsync("Choose a sound such as WAV");
            await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
            await Expect(page.Locator("#problem")).ToContainTextAsync("cannot be used");
            (await page.EvaluateAsync<string>(FieldOfFile, name)).ShouldBe(field);
        }

        // A browser that blocks the data of sites throws at every access. The page works and remembers nothing.
        var forgetful = await OpenAsync(service.Url, 1280, 1000, prepare: page => page.AddInitScriptAsync(
            "for (const place of ['localStorage', 'sessionStorage', 'indexedDB'])" +
            "Object.defineProperty(window, place, { get() { throw new DOMException('blocked', 'SecurityError'); } })"));
        await Expect(forgetful.Locator("#voice-file")).ToHaveAttributeAsync("accept", new Regex(@"\.amr"));
        await Expect(forgetful.Locator("#model option")).ToHaveTextAsync(["sketch"]);
    }
}
