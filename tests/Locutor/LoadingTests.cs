namespace Locutor.Front.Tests;

public sealed class LoadingTests(ModelFixture fixture)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void The_bundled_model_is_listed_and_ready()
    {
        var sketch = TalkingVideoModel.List().Single(model => model.Name == TalkingVideoModel.BundledModel);

        sketch.IsReady.ShouldBeTrue();
        sketch.Presets.ShouldContain(sketch.DefaultPreset);
        sketch.Sizes.ShouldContain(sketch.DefaultSize);
        (fixture.Model.Name, fixture.Model.Device).ShouldBe(("sketch", "cpu"));
    }

    [Theory]
    [InlineData("no-such-model", null, LocutorError.InvalidRequest, "Model")]
    [InlineData("sketch", "no-such-preset", LocutorError.InvalidRequest, "Preset")]
    public async Task An_unknown_model_is_refused_with_the_known_names(
        string model, string? preset, LocutorError error, string property)
    {
        var failure = await Should.ThrowAsync<LocutorException>(
            () => TalkingVideoModel.LoadAsync(model, new() { Device = "cpu", Preset = preset }, cancellationToken: Stop));

        failure.Error.ShouldBe(error);
        failure.Errors[property].Single().ShouldStartWith("expected one of ");
    }

    [Fact]
    public async Task An_adapter_that_is_not_in_the_store_is_refused()
    {
        string store = Path.GetDirectoryName(fixture.NewPath("x"))!;

        var failure = await Should.ThrowAsync<LocutorException>(
            () => TalkingVideoModel.LoadAsync(
                "sketch", new() { Device = "cpu", Store = store, Lora = ["film=0.5"] }, cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.InvalidRequest);
        failure.Errors["Lora"].Single().ShouldStartWith("expected no adapter");
    }

    [Theory]
    [InlineData("tpu", LocutorError.InvalidRequest)]
    [InlineData("cuda:", LocutorError.InvalidRequest)]
    [InlineData("cuda:99", LocutorError.MissingDependency)]
    public async Task A_device_that_the_machine_does_not_have_is_refused(string device, LocutorError error)
    {
        var failure = await Should.ThrowAsync<LocutorException>(
            () => TalkingVideoModel.LoadAsync("sketch", new() { Device = device }, cancellationToken: Stop));

        failure.Error.ShouldBe(error);
    }

    [Fact]
    public async Task A_model_without_its_files_says_how_to_get_them()
    {
        string store = Path.GetDirectoryName(fixture.NewPath("x"))!;

        var failure = await Should.ThrowAsync<LocutorException>(
            () => TalkingVideoModel.LoadAsync("infinitetalk-480p", new() { Device = "cpu", Store = store }, cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.ModelUnavailable);
        failure.Message.ShouldContain("is not on disk");
    }
}
