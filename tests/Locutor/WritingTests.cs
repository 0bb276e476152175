using Locutor.Media;
using Locutor.Media.Probing;

namespace Locutor.Front.Tests;

public sealed class WritingTests(ModelFixture fixture)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private TalkingVideoRequest Captioned => fixture.ShortRequest with { Transcript = "Hello.", Captions = VideoCaptions.SubRip };

    [Fact]
    public async Task A_video_is_written_with_its_sound_and_progress_is_reported()
    {
        string path = fixture.NewPath("out.mp4");
        var told = new Told();

        var video = await fixture.Untrained.WriteVideoAsync(fixture.ShortRequest, path, told, Stop);

        video.ShouldBe(new TalkingVideoResult(path, 64, 64, ModelFixture.ShortFrames, video.Duration, 7) { Notices = video.Notices });
        video.Duration.TotalSeconds.ShouldBe(ModelFixture.ShortFrames / 25.0, 0.05);
        var info = await MediaProbe.ProbeAsync(path, MediaLimits.Default, Stop);
        info.Kind.ShouldBe(MediaKind.Video);
        told.Reports.Select(now => now.Stage).Distinct()
            .ShouldBe([VideoStage.Encoding, VideoStage.Denoising, VideoStage.Decoding, VideoStage.Muxing]);
        double[] fractions = [.. told.Reports.Select(now => now.Fraction)];
        fractions.ShouldBe([.. fractions.Order()], customMessage: "progress does not fall");
        fractions[^1].ShouldBe(1);
        told.Reports.ShouldContain(now => now.TimeLeft != null);
    }

    [Fact]
    public async Task An_error_names_every_property_that_is_wrong()
    {
        var request = fixture.Request with { Steps = 0, TextGuidance = 99, Boxes = [] };

        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Model.WriteVideoAsync(request, fixture.NewPath("never.mp4"), cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.InvalidRequest);
        failure.Errors.Keys.Order().ShouldBe(["Steps", "TextGuidance"]);
        failure.Message.ShouldContain("Steps: expected a whole number from 1 to 1000, found 0");
    }

    [Fact]
    public async Task A_text_can_be_given_instead_of_a_voice()
    {
        string path = fixture.NewPath("spoken.mp4");
        (await SpeechVoice.ListAsync(Stop)).Select(voice => voice.Name).ShouldContain("en-us");
        var request = fixture.Request with
        {
            Audio = MediaInput.FromText("Hello.", "en-us"),
            Captions = VideoCaptions.WebVtt,
            Height = 128,
        };

        var video = await fixture.Untrained.WriteVideoAsync(request, path, cancellationToken: Stop);

        video.Duration.TotalSeconds.ShouldBeInRange(0.5, 2);
        video.Height.ShouldBe(128);
        (await File.ReadAllTextAsync(Path.ChangeExtension(path, ".vtt"), Stop)).ShouldContain("Hello.");
        (await MediaProbe.ProbeAsync(path, MediaLimits.Default, Stop)).Audio.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_text_that_cannot_be_spoken_is_refused()
    {
        Should.Throw<ArgumentException>(() => MediaInput.FromText("..."));
        foreach (var request in new[]
        {
            fixture.Request with { Audio = MediaInput.FromText("Hello.", "nobody") },
            fixture.Request with { Audio = MediaInput.FromText("Hello."), SecondAudio = fixture.Request.Audio },
            fixture.Request with { Image = MediaInput.FromText("Hello.") },
            fixture.Request with { Captions = VideoCaptions.Burnt },
            fixture.Request with { Transcript = "..." },
        })
        {
            (await Should.ThrowAsync<LocutorException>(
                () => fixture.Model.WriteVideoAsync(request, fixture.NewPath("never.mp4"), cancellationToken: Stop)))
                .Error.ShouldBe(LocutorError.InvalidRequest);
        }
    }

    [Fact]
    public async Task A_damaged_picture_is_refused_under_the_name_that_the_caller_gave()
    {
        var request = fixture.Request with { Image = MediaInput.FromBytes("no picture"u8.ToArray(), "upload.png") };

        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Model.WriteVideoAsync(request, fixture.NewPath("never.mp4"), cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.InvalidInput);
        failure.Message.ShouldStartWith("upload.png");
        failure.Message.ShouldNotContain(Path.GetTempPath());
    }

    [Fact]
    public async Task An_output_path_that_cannot_be_written_is_refused_before_any_work()
    {
        var told = new Told();

        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Model.WriteVideoAsync(fixture.Request, "/proc/no/such/folder/out.mp4", told, Stop));

        failure.Error.ShouldBe(LocutorError.OutputFailed);
        told.Reports.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_output_that_is_an_input_or_standard_output_is_refused()
    {
        string film = fixture.NewPath("film.mp4"), link = fixture.NewPath("link.mp4");
        File.Copy(fixture.Voice, film);
        File.CreateSymbolicLink(link, film);
        var request = fixture.Request with { Audio = film };

        foreach (string path in new[] { film, link, "-" })
        {
            (await Should.ThrowAsync<LocutorException>(() => fixture.Model.WriteVideoAsync(request, path, cancellationToken: Stop)))
                .Error.ShouldBe(LocutorError.OutputFailed);
        }
        new FileInfo(film).Length.ShouldBe(new FileInfo(fixture.Voice).Length);
    }

    [Fact]
    public async Task A_stream_that_fails_is_refused_under_its_name()
    {
        var closed = File.OpenRead(fixture.Portrait);
        var request = fixture.Request with { Image = MediaInput.FromStream(closed, "upload.png") };
        await closed.DisposeAsync();

        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Model.WriteVideoAsync(request, fixture.NewPath("never.mp4"), cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.InvalidInput);
        failure.Message.ShouldStartWith("upload.png: its stream cannot be read");
        failure.InnerException.ShouldBeOfType<ObjectDisposedException>();
    }

    [Fact]
    public async Task Captions_that_cannot_be_written_are_refused_before_any_work()
    {
        string path = fixture.NewPath("q.mp4"), captions = Path.ChangeExtension(path, ".srt");
        Directory.CreateDirectory(captions);
        var told = new Told();

        var failure = await Should.ThrowAsync<LocutorException>(() => fixture.Model.WriteVideoAsync(Captioned, path, told, Stop));

        failure.Error.ShouldBe(LocutorError.OutputFailed);
        failure.Message.ShouldBe($"{captions}: cannot be written (is a folder)");
        told.Reports.ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!).ShouldBe([captions]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(128)]
    public async Task A_video_does_not_stay_if_its_captions_cannot_be_written_at_the_end(int? height)
    {
        string path = fixture.NewPath("q.mp4"), captions = Path.ChangeExtension(path, ".srt");
        var told = new Told { Then = now => { if (now.Stage == VideoStage.Decoding) Directory.CreateDirectory(captions); } };

        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Untrained.WriteVideoAsync(Captioned with { Height = height }, path, told, Stop));

        failure.Error.ShouldBe(LocutorError.OutputFailed);
        failure.Message.ShouldStartWith($"{captions}: cannot be written (");
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!).ShouldBe([captions]);
    }

    [Fact]
    public async Task A_cancelled_video_leaves_no_files()
    {
        string path = fixture.NewPath("out.mp4");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var told = new Told { Then = now => { if (now.Stage == VideoStage.Decoding) stop.Cancel(); } };

        await Should.ThrowAsync<OperationCanceledException>(
            () => fixture.Untrained.WriteVideoAsync(Captioned, path, told, stop.Token));

        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!).ShouldBeEmpty();
    }
}
