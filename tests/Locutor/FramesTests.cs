namespace Locutor.Front.Tests;

public sealed class FramesTests(ModelFixture fixture)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Frames_come_in_order_and_show_the_portrait_at_their_size()
    {
        var frames = await fixture.FramesAsync(fixture.Request, Stop);

        frames.Count.ShouldBe(ModelFixture.Frames);
        frames.Select(frame => frame.Index).ShouldBe(Enumerable.Range(0, ModelFixture.Frames));
        frames.ShouldAllBe(frame => frame.Rgb.Length == 3 * frame.Width * frame.Height && frame.Width == 512 && frame.Height == 512);
        frames[^1].Time.ShouldBe(TimeSpan.FromSeconds((ModelFixture.Frames - 1) / 25.0));
        frames.Select(frame => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(frame.Rgb.Span))).Distinct().Count()
            .ShouldBeGreaterThan(10, "the face moves, and no frame shares its memory with another");
    }

    [Fact]
    public async Task Bytes_and_streams_give_the_video_of_the_file()
    {
        await using var voice = File.OpenRead(fixture.ShortVoice);
        var request = fixture.ShortRequest with
        {
            Image = MediaInput.FromBytes(await File.ReadAllBytesAsync(fixture.Portrait, Stop), "upload.png"),
            Audio = MediaInput.FromStream(voice, "microphone"),
        };

        var ofFiles = await fixture.UntrainedFramesAsync(fixture.ShortRequest, Stop);
        var others = await fixture.UntrainedFramesAsync(request, Stop);

        others.Count.ShouldBe(ofFiles.Count);
        others.Zip(ofFiles).Count(pair => pair.First.Rgb.Span.SequenceEqual(pair.Second.Rgb.Span)).ShouldBe(ModelFixture.ShortFrames);
        voice.CanRead.ShouldBeTrue("the stream is the caller's");
    }

    [Fact]
    public async Task A_reader_that_stops_early_frees_the_model_for_the_next_video()
    {
        await foreach (var frame in fixture.Untrained.GenerateFramesAsync(fixture.ShortRequest, cancellationToken: Stop))
        {
            frame.Index.ShouldBe(0);
            break;
        }

        (await fixture.UntrainedFramesAsync(fixture.ShortRequest, Stop)).Count.ShouldBe(ModelFixture.ShortFrames);
    }

    [Fact]
    public async Task Two_videos_at_once_are_made_one_after_the_other()
    {
        var both = await Task.WhenAll(
            fixture.UntrainedFramesAsync(fixture.ShortRequest, Stop), fixture.UntrainedFramesAsync(fixture.ShortRequest, Stop));

        both[0].Zip(both[1]).Count(pair => pair.First.Rgb.Span.SequenceEqual(pair.Second.Rgb.Span)).ShouldBe(ModelFixture.ShortFrames);
    }

    [Fact]
    public async Task A_cancelled_video_ends_and_the_model_can_make_another()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var told = new Told { Then = now => { if (now.Stage == VideoStage.Denoising) stop.Cancel(); } };

        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in fixture.Untrained.GenerateFramesAsync(fixture.ShortRequest, told, stop.Token)) { }
        });

        (await fixture.UntrainedFramesAsync(fixture.ShortRequest, Stop)).Count.ShouldBe(ModelFixture.ShortFrames);
    }

    [Fact]
    public async Task A_disposed_model_refuses_work()
    {
        var model = await TalkingVideoModel.LoadAsync("untrained", new() { Device = "cpu" }, cancellationToken: Stop);
        await model.DisposeAsync();
        await model.DisposeAsync();

        await Should.ThrowAsync<ObjectDisposedException>(
            () => model.WriteVideoAsync(fixture.ShortRequest, fixture.NewPath("never.mp4"), cancellationToken: Stop));
    }
}
