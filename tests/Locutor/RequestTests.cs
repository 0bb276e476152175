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

    /// <summary>The faults of a request, sorted.</summary>
    private async Task<IEnumerable<string>> ErrorsAsync(TalkingVideoRequest request)
    {
        var failure = await Should.ThrowAsync<LocutorException>(
            () => fixture.Model.WriteVideoAsync(request, fixture.NewPath("never.gif"), cancellationToken: Stop));

        failure.Error.ShouldBe(LocutorError.InvalidRequest);
        return failure.Errors.SelectMany(pair => pair.Value.Select(reason => $"{pair.Key}: {reason}")).Order(StringComparer.Ordinal);
    }
}
