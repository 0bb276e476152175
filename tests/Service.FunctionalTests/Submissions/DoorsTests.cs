using System.Diagnostics;
using System.Globalization;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Models.Store;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>Walks over the table of fields and sends good and bad values through command line, JSON and form.</summary>
[Collection(SketchService.Collection)]
public sealed class DoorsTests(SketchService service)
{
    private static readonly Bundle Sketch = BundleCatalogue.Default().Find("sketch")!.Bundle;

    public static TheoryData<string> Names => [.. VideoFields.All.Where(one => one is not FileField).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_door_refuses_a_wrong_value_in_the_same_words(string name)
    {
        var field = VideoFields.All.Single(field => field.Name == name);
        foreach (var sent in Wrong(field).Select(text => Sent.From(field, text)))
        {
            string?[] answers = await AnswersAsync(sent);
            answers.Distinct().Count().ShouldBe(1, $"{sent}\n{string.Join('\n', answers)}");
            answers[0].ShouldNotBeNull(sent.ToString());
            answers[0]!.ShouldStartWith($"{name}: expected ");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_door_accepts_the_limits_themselves(string name)
    {
        var field = VideoFields.All.Single(field => field.Name == name);
        foreach (var sent in Right(field).Select(text => Sent.From(field, text)))
            (await AnswersAsync(sent)).ShouldAllBe(answer => answer == null, sent.ToString());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_door_refuses_a_field_that_is_given_twice(string name)
    {
        var field = VideoFields.All.Single(field => field.Name == name);
        var sent = Sent.From(field, Right(field).First());
        if (field is BoxesField or AdaptersField)
            return; // the command line repeats these options for several values
        (await AnswersAsync(sent, sent)).ShouldAllBe(answer => answer == $"{name}: given more than once");
    }

    [Fact]
    public async Task Every_door_names_the_inputs_that_are_missing()
    {
        foreach (var files in new RequestField[][] { [], [VideoFields.Image], [VideoFields.Audio] })
        {
            string?[] answers = await AnswersAsync(files, []);
            answers.Distinct().Count().ShouldBe(1, string.Join('\n', answers));
            if (!files.Contains(VideoFields.Image)) answers[0]!.ShouldContain("image: expected a picture or a source video, found nothing");
            if (!files.Contains(VideoFields.Audio)) answers[0]!.ShouldContain("audio: expected a voice or a text, found nothing");
        }
    }

    [Fact]
    public async Task Boxes_need_two_voices()
    {
        string?[] answers = await AnswersAsync(
            [VideoFields.Image, VideoFields.Audio], [Sent.From(VideoFields.Boxes, "[[0,0,20,20],[30,0,50,20]]")]);
        answers.ShouldAllBe(answer => answer == "boxes: expected boxes only with two voices, found one voice");
    }

    [Fact]
    public async Task All_faults_are_reported_at_once()
    {
        string?[] answers = await AnswersAsync(
            Sent.From(VideoFields.Steps, "0"), Sent.From(VideoFields.TextGuidance, "NaN"), Sent.From(VideoFields.Size, "9000p"),
            Sent.From(VideoFields.MotionFrames, "33"));
        answers.ShouldAllBe(answer => answer ==
            "size: expected one of portrait, found '9000p'; steps: expected a whole number from 1 to 1000, found 0; "
            + "text_guidance: expected a number from 0 to 30, found 'NaN'; motion_frames: expected one of 1, 5, 9, ... up to 29, found 33");
    }

    [Fact]
    public async Task A_misspelt_field_is_refused_with_the_one_that_was_meant()
    {
        using var client = new TokenClient(service.Service.Url, service.Client.Key, service.Client.Secret);
        using var json = await client.PostJsonAsync("/v1/jobs", """{"image":"http://e.org/a","audio":"http://e.org/c","promt":"typo"}""");
        using var form = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond, ("promt", "typo"));
        foreach (var response in new[] { json, form })
        {
            ((int)response.StatusCode).ShouldBe(422);
            (await TokenClient.ReadAsync(response)).GetProperty("errors").GetProperty("promt")[0].GetString()!
                .ShouldStartWith("there is no such field; did you mean prompt");
        }
        var (code, _, error) = await GenerateAsync("--promt", "typo");
        code.ShouldBe(2);
        error.ShouldContain("--promt: there is no such option; did you mean --prompt");
        (await GenerateAsync("--audio", "voice.wav")).Error.ShouldContain(
            "--audio: there is no such option; did you mean --audio-type, --audio1-path, --audio2-path?");
    }

    [Fact]
    public async Task A_file_and_a_URL_for_one_input_are_refused()
    {
        using var response = await service.Client.UploadAsync(
            Samples.Picture, Samples.VoiceOfASecond, ("image", "http://127.0.0.1:9/nothing"));
        ((int)response.StatusCode).ShouldBe(422);
        (await TokenClient.ReadAsync(response)).GetProperty("errors").GetProperty("image")[0].GetString().ShouldBe("given more than once");
    }

    [Fact]
    public async Task Many_and_long_unknown_names_get_a_short_answer()
    {
        string names = string.Join(',', Enumerable.Range(0, 1000).Select(number => $"\"unknown{number}\":1"));
        using var response = await service.Client.PostJsonAsync("/v1/jobs", $$"""{"{{new string('x', 1_000_000)}}":1,{{names}}}""");
        ((int)response.StatusCode).ShouldBe(422);
        (await response.Content.ReadAsStringAsync()).Length.ShouldBeLessThan(5000);
    }

    [Fact]
    public async Task The_program_ends_with_2_and_the_reason_before_it_reads_any_file()
    {
        foreach (var (arguments, reason) in new (string[], string)[]
        {
            (["--steps", "0"], "locutor: --steps: expected a whole number from 1 to 1000, found 0"),
            (["--steps"], "locutor: --steps: expected a whole number from 1 to 1000, found nothing"),
            (["--audio-guidance", "Infinity"], "locutor: --audio-guidance: expected a number from 0 to 30, found 'Infinity'"),
            (["--box", "1,2,30,40"], "locutor: --box: expected two boxes, one for each voice, found 1"),
        })
        {
            var (code, _, error) = await GenerateAsync(arguments);
            code.ShouldBe(2, error);
            error.ShouldContain(reason);
        }
    }

    [Fact]
    public async Task The_program_ends_with_2_where_a_box_is_outside_the_picture()
    {
        string folder = Directory.CreateTempSubdirectory("locutor-boxes-").FullName;
        try
        {
            string picture = Path.Combine(folder, "two.png"), voice = Path.Combine(folder, "voice.wav"),
                output = Path.Combine(folder, "video.mp4");
            await File.WriteAllBytesAsync(picture, Samples.Picture);
            await File.WriteAllBytesAsync(voice, Samples.VoiceOfASecond);
            var (code, _, error) = await RunAsync(
                "generate", "-i", picture, "-a", voice, "--audio2-path", voice, "-o", output, "--model", "sketch", "--box", "30,0,100,173",
                "--box", "110,0,190,174");
            code.ShouldBe(2, error);
            error.ShouldContain("locutor: --box: expected boxes inside the picture of 211 x 173 pixels, found [110, 0, 190, 174]");
            File.Exists(output).ShouldBeFalse();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<(int Code, string Output, string Error)> GenerateAsync(params string[] arguments) =>
        RunAsync(["generate", "-i", "no-such.png", "-a", "no-such.wav", "-o", "video.mp4", "--model", "sketch", .. arguments]);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(ServiceProcess.RealProgram, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    /// <summary>
    /// Sends values with the inputs that they need: two sounds for boxes, a text instead of a sound, and a text for voices.
    /// </summary>
    private async Task<string?[]> AnswersAsync(params Sent[] sent) => sent[0].Field switch
    {
        BoxesField => await AnswersAsync([VideoFields.Image, VideoFields.Audio, VideoFields.Audio2], sent),
        var field when field == VideoFields.Text => await AnswersAsync([VideoFields.Image], sent),
        var field when field == VideoFields.Captions =>
            await AnswersAsync([VideoFields.Image, VideoFields.Audio], [.. sent, Sent.From(VideoFields.Transcript, "Hello.")]),
        var field when field == VideoFields.Voice || field == VideoFields.Voice2 =>
            await AnswersAsync([VideoFields.Image], [.. sent, Sent.From(VideoFields.Text, "A: Hello.\nB: Hello.")]),
        _ => await AnswersAsync([VideoFields.Image, VideoFields.Audio], sent),
    };

    private async Task<string?[]> AnswersAsync(IReadOnlyList<RequestField> files, Sent[] sent)
    {
        var answers = new List<string?>();
        var doors = new Doors(service.Client, "sketch", service.Adapters.Folder) { Files = files };
        foreach (var (_, ask) in doors.All) answers.Add(await ask(sent));
        return [.. answers];
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Too small, too large, between steps, of the wrong type, not finite, unknown, empty.</summary>
    private static IEnumerable<string> Wrong(RequestField field)
    {
        var limits = field.Limits(Sketch);
        string[] texts = limits.Type switch
        {
            "integer" =>
            [
                Number(limits.Minimum!.Value - 1), Number(limits.Maximum!.Value + 1), "2.5", "1e999", "-1e999", "NaN", "Infinity",
                "-Infinity", "many", "true", "[1]", ""
            ],
            "number" =>
            [
                Number(limits.Minimum!.Value - 0.001), Number(limits.Maximum!.Value + 0.001), "1e999", "-1e999", "NaN", "Infinity",
                "-Infinity", "much", "false", "{}", ""
            ],
            "boolean" => ["perhaps", "2", "[true]", ""],
            "array" when field is AdaptersField =>
            [
                "no-such-name", "../../etc/passwd", "../sketch/film", "/etc/passwd", "film.safetensors", "film=", "film=2.01",
                "film=-2.01", "film=NaN", "film=1e999", "film=0.5=1", "[7]", "[[\"film\"]]", "{\"film\": 1}", new string('x', 300),
                "[\"film\",\"film=2\"]", "[\"film\",\"soft\",\"film\",\"soft\",\"film\"]", "[\"film\",\"../film\"]",
            ],
            "array" =>
            [
                "[[0,0,20,20]]", "[[0,0,20,20],[30,0,50,20],[60,0,80,20]]", "[[20,0,0,20],[30,0,50,20]]", "[[0,20,20,0],[30,0,50,20]]",
                "[[0,0,0,20],[30,0,50,20]]", "[[-1,0,20,20],[30,0,50,20]]", "[[0,0,1e999,20],[30,0,50,20]]", "[[0,0,20],[30,0,50,20]]",
                "[[0,0,20,20],[0,0,20,20]]", "[[0,0,\"20\",20],[30,0,50,20]]", "here", "7",
            ],
            _ when limits.Choices is not null || field == VideoFields.Model => ["no-such-name", "../../etc/passwd", new string('x', 300)],
            _ when field is ScriptField => [new string('x', limits.MaxLength!.Value + 1), "...", "<speak>Hello.</speak>", "Hello\u0001"],
            _ when field == VideoFields.StepCache =>
                ["-1", "11", "NaN", "Infinity", "fastcache:0.2", "easycache:", "easycache:0.1:2", "quick"],
            _ => [new string('x', limits.MaxLength!.Value + 1)],
        };
        if (limits.Step is { } step) texts = [.. texts, Number(limits.Minimum!.Value + step - 1)];
        return field == VideoFields.Model ? texts.Where(text => text.Length > 255) : texts;
    }

    private static IEnumerable<string> Right(RequestField field)
    {
        var limits = field.Limits(Sketch);
        return limits.Type switch
        {
            "integer" or "number" => [Number(limits.Minimum!.Value), Number(limits.Maximum!.Value)],
            "boolean" => ["true", "false"],
            "array" when field is AdaptersField => ["[\"film\"]", "[\"film=-2\"]", "[\"film=2\", \"soft=1e-1\"]", "[]"],
            "array" => ["[[0,0,20,20],[30,0,50,20]]"],
            _ when limits.Choices is not null => limits.Choices,
            _ when field == VideoFields.Model => ["sketch"],
            _ when field is ScriptField => ["Hello.", "A: Hello.\nB: Hello."],
            _ when field == VideoFields.Voice || field == VideoFields.Voice2 => ["en-us", "de+f3", "espeak-ng:fr-fr"],
            _ when field == VideoFields.StepCache => ["0", "0.2", "10", "teacache:0.3", "easycache:0.05"],
            _ => ["a woman is singing", new string('x', limits.MaxLength!.Value)],
        };
    }
}
