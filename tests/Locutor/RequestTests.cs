namespace Locutor.Front.Tests;

/// <summary>Requests and options that are not valid: every fault is reported at once, under the name of its property.</summary>
public sealed class RequestTests(ModelFixture fixture)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public async Task A_number_that_is_not_finite_is_refused(double number, string found)
    {
        var errors = await ErrorsAsync(fixture.Request with { ColourCorrection = number, Shift = number });

        errors.ShouldBe(
        [
            $"ColourCorrection: expected a number from 0 to 1, found '{found}'",
            $"Shift: expected a number from 0.01 to 100, found '{found}'",
        ]);
    }

    [Fact]
    public async Task Every_fault_of_a_request_is_reported_under_the_name_of_its_property()
    {
        var errors = await ErrorsAsync(fixture.Request with
        {
            Image = MediaInput.FromText("Hello."),
            Boxes = [new(0, 0, 10, 10), new(20, 0, 30, 10)],
            SecondVoice = (SecondVoice)77,
            Captions = VideoCaptions.Embedded,
            Steps = 0,
            HeadMotion = 2.5,
            SkippedAttention = 0.6,
            FramesPerSecond = 24,
        });

        errors.ShouldBe(
        [
            "Boxes: expected boxes only with two voices, found one voice",
            "Captions: a GIF has no track for captions; they can be burnt in",
            "Captions: expected captions only with a text or a transcript, found neither",
            "FramesPerSecond: expected one of 25, 30, 50, found 24",
            "HeadMotion: expected a number from 0 to 2, found 2.5",
            "Image: expected a file or its contents, found a text",
            "SecondVoice: expected one of FromTheStart, AfterTheFirst, found 77",
            "SkippedAttention: expected a number from 0 to 0.5, found 0.6",
            "Steps: expected a whole number from 1 to 1000, found 0",
        ]);
    }

    [Fact]
    public async Task Every_fault_of_a_request_with_a_text_is_reported()
    {
        var errors = await ErrorsAsync(fixture.Request with
        {
            Audio = MediaInput.FromText("Hello."),
            SecondAudio = fixture.Voice,
            Transcript = "Hello.",
            Captions = (VideoCaptions)77,
        });

        errors.ShouldBe(
        [
            "Captions: expected one of Off, SubRip, WebVtt, Embedded, Burnt, found 77",
            "SecondAudio: expected no second sound with a text; lines that begin with B: are the second person's",
            "Transcript: expected no transcript with a text",
        ]);
        (await ErrorsAsync(fixture.Request with { SecondAudio = MediaInput.FromText("Hello."), Transcript = "..." })).ShouldBe(
        [
            "SecondAudio: expected a file or its contents, found a text",
            "Transcript: expected words, found no letter and no digit",
        ]);
    }

    [Fact]
    public async Task Every_option_that_is_wrong_is_reported()
    {
        var failure = await Should.ThrowAsync<LocutorException>(
            () => LoadAsync(new() { Device = "tpu", Preset = "none", MemoryBudget = 0 }));

        failure.Error.ShouldBe(LocutorError.InvalidRequest);
        failure.Errors.Keys.Order().ShouldBe(["Device", "MemoryBudget", "Preset"]);
    }

    [Fact]
    public async Task Boxes_that_are_null_are_no_boxes()
    {
        int frames = await fixture.Untrained.GenerateFramesAsync(fixture.ShortRequest with { Boxes = null! }, cancellationToken: Stop)
            .CountAsync(Stop);

        frames.ShouldBe(ModelFixture.ShortFrames);
    }

    [Fact]
    public async Task Inputs_and_options_that_cannot_be_meant_are_refused_by_their_names()
    {
        (await Should.ThrowAsync<ArgumentNullException>(() => fixture.FramesAsync(fixture.Request with { Image = null! }, Stop)))
            .ParamName.ShouldBe("request.Image");
        (await Should.ThrowAsync<ArgumentNullException>(() => fixture.FramesAsync(fixture.Request with { Audio = null! }, Stop)))
            .ParamName.ShouldBe("request.Audio");
        (await Should.ThrowAsync<ArgumentNullException>(() => LoadAsync(new() { Device = null! }))).ParamName.ShouldBe("options.Device");
        (await Should.ThrowAsync<ArgumentException>(() => LoadAsync(new() { Device = "cpu", Precision = (ModelPrecision)77 })))
            .Message.ShouldBe("Precision: expected one of Auto, Float32, BFloat16, Float8, Int8, found 77 (Parameter 'options')");
    }

    private static Task<TalkingVideoModel> LoadAsync(ModelOptions options) =>
        TalkingVideoModel.LoadAsync("sketch", options, cancellationToken: Stop);

    /// <summary>The faults of a request, sorted.</summary>
    private async Task<IEnumerable<string>> ErrorsAsync(TalkingVideoRequest request)
    {
        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Model.WriteVideoAsync(request, fixture.NewPath("never.gif"), cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.InvalidRequest);
        return failure.Errors.SelectMany(pair => pair.Value.Select(reason => $"{pair.Key}: {reason}")).Order(StringComparer.Ordinal);
    }
}
