using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Locutor.Service.FunctionalTests.Browser;

/// <summary>The inputs before they are sent: crop, trim, two people; and the words of the page while the service is away.</summary>
public sealed partial class PageTests
{
    [Fact]
    public async Task Pictures_are_cropped_voices_trimmed_two_people_placed_and_an_outage_is_told_and_survived()
    {
        await using var service = await ServiceProcess.StartAsync("--no-auth", "--set", "stub_seconds=6");
        using var client = new TokenClient(service.Url, "-", "-");
        var page = await OpenAsync(service.Url, 1280, 1000);
        await FindFaultsOfVoicesAsync(page);
        await PlaceTwoPeopleAsync(page);
        await CheckAccessAsync(page, "two people");
        await ShotAsync(page, "two-people");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await Expect(page.Locator(".veil strong")).ToContainTextAsync("Drawing");
        await HeldWorker.HoldRunningAsync(client, await FirstJobAsync(client)); // until the service is killed
        var job = (await client.GetJsonAsync("/v1/jobs")).GetProperty("jobs")[0];
        CheckSent(job);
        string sent = Path.Combine(folder, "sent.png");
        await File.WriteAllBytesAsync(
            sent, await client.Http.GetByteArrayAsync(job.GetProperty("inputs")[0].GetProperty("href").GetString()));
        Samples.HashOfFrames(Samples.Make("png", "-i", sent, "-vf", "format=rgb24")).ShouldBe(
            Samples.HashOfFrames(Samples.Make("png", "-i", Picture, "-vf", "format=rgb24,crop=173:173:0:0")),
            "the left end of the picture");

        await service.KillAsync();
        await Expect(page.Locator("#offline")).ToBeVisibleAsync();
        await Expect(page.Locator("#service-state")).ToHaveTextAsync("No connection");
        await Expect(page.Locator(".veil strong")).ToHaveTextAsync("No connection");
        await CheckAccessAsync(page, "offline");
        await ShotAsync(page, "offline");
        await service.StartAgainAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Again", Exact = true })).ToBeVisibleAsync();
        await Expect(page.Locator("#offline")).ToBeHiddenAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Again", Exact = true }).ClickAsync();
        await Expect(page.Locator("#second-drop .caption")).ToContainTextAsync("second.wav");
        await Expect(page.Locator(".frame.person-2 .frame-name")).ToHaveTextAsync("Bea");
        await Expect(page.Locator("#audio_type")).ToHaveValueAsync("add");
        await page.RouteAsync("**/inputs/*", route => route.AbortAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Again", Exact = true }).ClickAsync();
        await Expect(page.Locator("#toast")).ToContainTextAsync("choose them again: portrait.png, voice.wav, second.wav");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Generate" })).ToBeDisabledAsync();
        complaints.Where(complaint => !complaint.Contains("ERR_", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_estimate_follows_the_lengths_of_earlier_videos_and_no_short_one_spoils_it()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        var page = await OpenAsync(service.Url, 800, 600);
        const string estimate = """
            async made => {
              const { estimate } = await import('/js/estimate.js');
              const jobs = made.map(([seconds, took, model, device]) => (
                { status: 'succeeded', model, result: { seconds, generation_seconds: took, device } }));
              return [0.1, 5, 60].map(seconds => estimate(jobs, { model: 'a', usual: {} }, seconds));
            }
            """;
        // Ten seconds of loading and 2 s for each second: a video of 0.1 s took 102 times its length.
        double[] known = await page.EvaluateAsync<double[]>(
            estimate, new object[][] { [0.1, 10.2, "a"], [5, 20, "a"], [4, 18, "a"], [10, 30, "a"], [5, 500, "a"], [5, 1, "b"] });
        known[1].ShouldBe(20, 1);
        known[2].ShouldBe(130, 5);
        double[] alike = await page.EvaluateAsync<double[]>(estimate, new object[][] { [5, 50, "a"], [5.5, 55, "a"], [5, 900, "a"] });
        alike[1].ShouldBe(50, 1, "videos of one length: the median for each second");
        (await page.EvaluateAsync<double?[]>(estimate, new object[][] { [5, 1, "b"] })).ShouldAllBe(seconds => seconds == null);
        double[] kinds = await page.EvaluateAsync<double[]>(
            estimate, new object[][] { [5, 10, "a", "GPU"], [5, 400, "a", "CPU"], [5, 420, "a", "CPU"] });
        kinds[1].ShouldBe(10, 0.1, "the device of the latest video, not a slower one that made earlier ones");
        await CatchesUpAsync(page);
        await SeesChangesElsewhereAsync(service);
        await SpeaksGermanAsync(page);
    }

    /// <summary>A file that is chosen while the page still loads is looked at once the page is ready.</summary>
    private async Task CatchesUpAsync(IPage page)
    {
        foreach (string late in new[] { "**/v1/options", "**/js/voice.js" }) // the table of file types; the code of the voice field
        {
            await page.RouteAsync(late, async route =>
            {
                await Task.Delay(1000);
                await route.ContinueAsync();
            });
            await page.ReloadAsync(new() { WaitUntil = WaitUntilState.Commit });
            await page.Locator("#voice-file").SetInputFilesAsync(Picture);
            await Expect(page.Locator("#voice-problem")).ToContainTextAsync("This is not a sound (image/png). Choose a sound");
            await page.UnrouteAsync(late);
        }
        await page.ReloadAsync();
    }

    /// <summary>
    /// Returns the visible texts, accessible names and hints with English words. Not counted are the user's own texts, proper names and
    /// elements marked as English.
    /// </summary>
    private const string EnglishTexts = """
        () => {
          const english = /\b(the|of|and|is|are|with|to|a|your|from|by|not|for|or|no|made|expected|found|default|steps?|choose)\b/i;
          const shared = /Prompt|a (woman|person) is (singing|talking)|stub:|talking pictures|locutor tokens create|LANGUAGE|\bA:|\bB:/;
          const texts = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
          for (let element = walker.nextNode(); element; element = walker.nextNode()) {
            if (element.closest('script, [lang=en], code, pre, #history .about, option') || !element.checkVisibility()) continue;
            for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
            for (const name of ['aria-label', 'title', 'placeholder', 'alt']) texts.push(element.getAttribute(name) ?? '');
          }
          return [...new Set(texts.map(text => text.trim()))].filter(text => english.test(text) && !shared.test(text));
        }
        """;

    /// <summary>The language that is chosen stays, and its longer words fit on a phone.</summary>
    private static async Task SpeaksGermanAsync(IPage page)
    {
        await page.SetViewportSizeAsync(390, 844);
        await page.Locator("#language").SelectOptionAsync("de");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Lassen Sie ein Porträt sprechen" })).ToBeVisibleAsync();
        await Expect(page.Locator("#estimate")).ToHaveTextAsync("Wählen Sie zuerst ein Porträt.");
        await Expect(page.Locator("#submit")).ToBeInViewportAsync(new() { Ratio = 1 });
        await page.ReloadAsync();
        await Expect(page.Locator("html")).ToHaveAttributeAsync("lang", "de");
        await Expect(page.GetByText("Porträt ablegen")).ToBeVisibleAsync();
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(390);
        await page.Locator("#compose summary").ClickAsync();
        await page.Locator("#people-add").ClickAsync();
        await CheckAccessAsync(page, "German");
        (await page.EvaluateAsync<string[]>(EnglishTexts)).ShouldBeEmpty("a text is not in the catalogue of the language");
        await page.Locator("#voice-text-tab").ClickAsync();
        (await page.EvaluateAsync<string[]>(EnglishTexts)).ShouldBeEmpty("a text is not in the catalogue of the language");
        await page.EvaluateAsync("for (const dialog of document.querySelectorAll('dialog')) dialog.showModal()");
        (await page.EvaluateAsync<string[]>(EnglishTexts)).ShouldBeEmpty("a text is not in the catalogue of the language");
        await page.EvaluateAsync("for (const dialog of document.querySelectorAll('dialog')) dialog.close()");
        await ShotAsync(page, "german");
        await page.EvaluateAsync(
            "async () => (await import('/js/toast.js')).toast('a'.repeat(300), { action: { label: 'Undo', run() {} } })");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Undo" })).ToBeInViewportAsync(new() { Ratio = 1 });
        await page.Locator("#voice-sound-tab").ClickAsync();
        await page.Locator("#voice-file").SetInputFilesAsync(
            new FilePayload { Name = "saved.wav", MimeType = "audio/wav", Buffer = "<!DOCTYPE html><title>Voice</title>"u8.ToArray() });
        await Expect(page.Locator("#voice-problem"))
            .ToContainTextAsync("kein lesbares Bild, Video oder Ton (gefunden: eine Webseite (HTML)");
    }

    private async Task FindFaultsOfVoicesAsync(IPage page)
    {
        await page.Locator("#voice-file").SetInputFilesAsync(Picture);
        await Expect(page.Locator("#voice-problem")).ToContainTextAsync("This is not a sound (image/png). Choose a sound");
        await page.Locator("#voice-file").SetInputFilesAsync(
            new FilePayload { Name = "silent.wav", MimeType = "audio/wav", Buffer = Samples.FloatWav(16000, new float[16000]) });
        await Expect(page.Locator("#voice-note")).ToContainTextAsync("This sound is silent");
        float[] loud = [.. Enumerable.Range(0, 16000).Select(i => i % 80 < 40 ? 1f : -1f)];
        await page.Locator("#voice-file").SetInputFilesAsync(
            new FilePayload { Name = "loud.wav", MimeType = "audio/wav", Buffer = Samples.FloatWav(16000, loud) });
        await Expect(page.Locator("#voice-note")).ToContainTextAsync("This sound is clipped");
        (await page.EvaluateAsync<double?[]>(LengthsDecoded)).ShouldBe([2, null], "a long sound would fill the memory of a phone");
        await page.Locator("#voice-file").SetInputFilesAsync(Picture);
        await Expect(page.Locator("#voice-drop .filled")).ToBeHiddenAsync(); // nothing is shown that would not be sent
        (await page.EvaluateAsync<bool[]>(PutElsewhere)).ShouldBe([true, true]);
        for (int time = 0; time < 2; time++) // choosing the same file again resets its length
        {
            await page.Locator("#voice-file").SetInputFilesAsync(Voice);
            await Expect(page.Locator("#voice-drop .caption")).ToHaveTextAsync("voice.wav · 1.3 s");
            await page.GetByLabel("End of the voice").EvaluateAsync(
                "end => { end.value = 0.8; for (const name of ['input', 'change']) end.dispatchEvent(new Event(name)); }");
            await Expect(page.Locator("#voice-drop .caption")).ToHaveTextAsync("voice.wav · 0.8 s of 1.3 s");
        }
        var sent = await page.EvaluateAsync<JsonElement>(VoiceOnOtherChannels);
        sent.GetProperty("fault").GetString().ShouldBe("");
        sent.GetProperty("channels").GetInt32().ShouldBe(3);
        sent.GetProperty("bytes").GetInt32().ShouldBe(44 + 8000 * 3 * sizeof(short));
        sent.GetProperty("samples").EnumerateArray().Select(sample => sample.GetInt32()).ShouldBe([0, 8191, -8191]);
    }

    /// <summary>The seconds of decoded sounds of 2 and of 901 s; null for a sound that is not decoded.</summary>
    private const string LengthsDecoded = """
        () => Promise.all([2, 901].map(async seconds => {
          const { cutSound, decode } = await import('/js/sound.js');
          const file = await cutSound(new AudioBuffer({ length: seconds * 3000, sampleRate: 3000 }), 0, seconds, 'sound.wav');
          const sound = await decode(file, new Audio(URL.createObjectURL(file)));
          return sound && Math.round(sound.duration);
        }))
        """;

    /// <summary>A voice on two channels of three that cancel each other in a mix: none is lost when the sound is cut.</summary>
    private const string VoiceOnOtherChannels = """
        async () => {
          const { judge, cutSound } = await import('/js/sound.js');
          const sound = new AudioBuffer({ numberOfChannels: 3, length: 16000, sampleRate: 16000 });
          sound.getChannelData(1).fill(0.25);
          sound.getChannelData(2).fill(-0.25);
          const file = new DataView(await cutSound(sound, 0.25, 0.75, 'voice.wav').arrayBuffer());
          return {
            fault: judge(sound, 0, 1)?.text ?? '', channels: file.getUint16(22, true), bytes: file.byteLength,
            samples: [0, 2, 4].map(at => file.getInt16(44 + at, true)),
          };
        }
        """;

    /// <summary>
    /// Pastes a text together with its picture, as office programs copy both, and drops a file outside the fields. Returns whether the
    /// text field gets the first, and whether the page takes the second: the browser would show that file instead of the page.
    /// </summary>
    private const string PutElsewhere = """
        () => {
          const data = type => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(['x'], 'notes', { type }));
            return transfer;
          };
          const problem = document.getElementById('picture-problem');
          const copied = data('application/pdf');
          copied.setData('text/plain', 'Good morning.');
          document.getElementById('text').dispatchEvent(new ClipboardEvent('paste', { clipboardData: copied, bubbles: true }));
          const isLeft = problem.hidden;
          const drop = new DragEvent('drop', { dataTransfer: data('application/pdf'), bubbles: true, cancelable: true });
          document.querySelector('h1').dispatchEvent(drop);
          return [isLeft, drop.defaultPrevented && problem.textContent.includes('neither a picture nor a video')];
        }
        """;

    private async Task PlaceTwoPeopleAsync(IPage page)
    {
        await page.Locator("#picture-file").SetInputFilesAsync(Picture);
        var crop = page.Locator(".frame.crop");
        await crop.FocusAsync();
        for (int press = 0; press < 8; press++)
            await page.Keyboard.PressAsync("ArrowLeft");
        await page.Locator("#people-add").ClickAsync();
        await page.Locator("#person-1").FillAsync("Ada");
        await page.Locator("#person-2").FillAsync("Bea");
        await page.Locator("#second-file").SetInputFilesAsync(
            new FilePayload { Name = "second.wav", MimeType = "audio/wav", Buffer = Samples.Voice(0.7) });
        await page.Locator("#audio_type").SelectOptionAsync("add");
        await Expect(page.Locator("#estimate")).ToContainTextAsync("1.5 s of video");
        await page.Locator(".frame.person-2").FocusAsync();
        await page.Keyboard.PressAsync("Shift+ArrowUp");
        await page.Keyboard.PressAsync("ArrowLeft");
    }

    /// <summary>Checks that the job has what was chosen on the page.</summary>
    private static void CheckSent(JsonElement job)
    {
        var inputs = job.GetProperty("inputs").EnumerateArray().ToDictionary(input => input.GetProperty("field").GetString()!);
        inputs["image"].GetProperty("name").GetString().ShouldBe("portrait.png");
        inputs["audio"].GetProperty("name").GetString().ShouldBe("voice.wav");
        inputs["audio"].GetProperty("seconds").GetDouble().ShouldBe(0.8, 0.01);
        inputs["audio2"].GetProperty("seconds").GetDouble().ShouldBe(0.7, 0.01);
        job.GetProperty("metadata").GetProperty("person2").GetString().ShouldBe("Bea");
        // The halves of a picture of 211 x 173, the second one smaller by 4 rows and moved by 4 columns, in the 173 columns that are sent.
        int[][] boxes = job.GetProperty("boxes").Deserialize<int[][]>()!;
        boxes[0].ShouldBe([0, 0, 106, 173]);
        boxes[1].ShouldBe([101, 0, 173, 169]);
    }
}
