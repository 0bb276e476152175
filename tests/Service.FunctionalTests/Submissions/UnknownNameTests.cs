using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>Names of models, presets and sizes that do not exist.</summary>
[Collection(SketchService.Collection)]
public sealed class UnknownNameTests(SketchService service)
{
    [Fact]
    public async Task A_name_that_does_not_exist_is_refused_with_those_that_do()
    {
        foreach (var (field, value) in new[] { ("model", "no-such-model"), ("preset", "no-such-preset"), ("size", "9000p") })
        {
            using var response = await service.Client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond, (field, value));
            ((int)response.StatusCode).ShouldBe(422);
            (await TokenClient.ReadAsync(response)).GetProperty("errors").GetProperty(field)[0].GetString()!
                .ShouldContain("expected one of");
        }
        (await service.Client.GetJsonAsync("/v1/options")).GetProperty("models").EnumerateArray()
            .Select(model => model.GetProperty("name").GetString()).ShouldContain("untrained");
    }
}
