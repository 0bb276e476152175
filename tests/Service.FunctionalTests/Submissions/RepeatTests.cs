using System.Net;
using System.Net.Http.Headers;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>Jobs that are repeated with their stored inputs, the names of files, and files that are checked before a submission.</summary>
public sealed class RepeatTests(SharedService shared) : IClassFixture<SharedService>
{
    [Fact]
    public async Task A_job_is_repeated_with_its_inputs_its_fields_and_another_seed_or_the_same()
    {
        string id = await SubmitAsync("../Änne <1>.png", "Guten Tag.wav");
        var first = await shared.Client.EndAsync(id);
        first.GetProperty("result").GetProperty("file_name").GetString().ShouldBe("Änne 1-Guten Tag.mp4");
        using var video = await shared.Client.Http.GetAsync($"/v1/jobs/{id}/video?download");
        video.Content.Headers.ContentDisposition!.FileNameStar.ShouldBe("Änne 1-Guten Tag.mp4");

        var varied = await shared.Client.EndAsync(await AgainAsync(id, ""));
        var same = await shared.Client.EndAsync(await AgainAsync(id, $"?seed={first.GetProperty("seed").GetInt64()}"));
        varied.GetProperty("seed").GetInt64().ShouldNotBe(first.GetProperty("seed").GetInt64());
        same.GetProperty("seed").GetInt64().ShouldBe(first.GetProperty("seed").GetInt64());
        foreach (var job in new[] { varied, same })
        {
            job.GetProperty("status").GetString().ShouldBe("succeeded");
            job.GetProperty("prompt").GetString().ShouldBe("She sings");
            job.GetProperty("steps").GetInt32().ShouldBe(5);
            job.GetProperty("priority").GetInt32().ShouldBe(3);
            job.GetProperty("parts").GetInt32().ShouldBe(2);
            string href = job.GetProperty("inputs")[0].GetProperty("href").GetString()!;
            href.ShouldNotContain(id);
            (await shared.Client.Http.GetByteArrayAsync(href)).ShouldBe(Samples.Picture);
        }

        using var delete = await shared.Client.Http.DeleteAsync($"/v1/jobs/{id}");
        (await shared.Client.Http.GetByteArrayAsync(varied.GetProperty("inputs")[1].GetProperty("href").GetString()))
            .ShouldBe(Samples.VoiceOfASecond, "the copy outlives the first job");
        using var gone = await shared.Client.Http.PostAsync($"/v1/jobs/{id}/again", null);
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var wrong = await shared.Client.Http.PostAsync($"/v1/jobs/{varied.GetProperty("id")}/again?seed=-1", null);
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var unread = await shared.Client.Http.PostAsync($"/v1/jobs/{varied.GetProperty("id")}/again?seed=x", null);
        (await TokenClient.ReadAsync(unread)).GetProperty("detail").GetString().ShouldBe("seed: the value 'x' cannot be read");
    }

    [Fact]
    public async Task A_file_is_checked_like_a_submission_and_not_kept()
    {
        var picture = await CheckAsync("picture", Samples.Picture, HttpStatusCode.OK);
        picture.GetProperty("field").GetString().ShouldBe("image");
        picture.GetProperty("width").GetInt32().ShouldBe(211);
        picture.GetProperty("height").GetInt32().ShouldBe(173);
        (await CheckAsync("picture", Samples.Video, HttpStatusCode.OK)).GetProperty("field").GetString().ShouldBe("video");
        (await CheckAsync("voice", Samples.VoiceOfASecond, HttpStatusCode.OK)).GetProperty("seconds").GetDouble().ShouldBe(1.3, 0.01);
        foreach (var (kind, file) in new[]
        {
            ("picture", Samples.VoiceOfASecond), ("voice", Samples.Picture), ("voice", Samples.Text("no sound")),
            ("picture", Samples.Picture[..200]), ("picture", []),
        })
        {
            var problem = await CheckAsync(kind, file, HttpStatusCode.UnprocessableEntity);
            problem.GetProperty("code").GetString().ShouldBe("unsupported_media", problem.ToString());
        }
        await CheckAsync("voice", new byte[21_000_000], HttpStatusCode.RequestEntityTooLarge);
        await CheckAsync("portrait", Samples.Picture, HttpStatusCode.BadRequest);
        using var bare = await shared.Client.Http.PostAsync("/v1/inputs/check", null);
        (await TokenClient.ReadAsync(bare)).GetProperty("detail").GetString().ShouldBe("kind: expected a value, found none");
        await CheckAsync("picture&model=nothing", Samples.Picture, HttpStatusCode.UnprocessableEntity);
        foreach (string? type in new[] { "image/png", "application/x-www-form-urlencoded", "application/json", null })
            (await CheckAsync("picture", Samples.Picture, HttpStatusCode.OK, type)).GetProperty("field").GetString().ShouldBe("image");
        await shared.Service.EmptiesAsync("aside");
    }

    private async Task<System.Text.Json.JsonElement> CheckAsync(
        string query, byte[] file, HttpStatusCode expected, string? type = "application/octet-stream")
    {
        using var body = new ByteArrayContent(file);
        body.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
        using var response = await shared.Client.Http.PostAsync($"/v1/inputs/check?kind={query}", body);
        response.StatusCode.ShouldBe(expected);
        return await TokenClient.ReadAsync(response);
    }

    private async Task<string> SubmitAsync(string picture, string voice)
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Samples.Picture), "image", picture },
            { new ByteArrayContent(Samples.VoiceOfASecond), "audio", voice },
            { new StringContent("She sings"), "prompt" },
            { new StringContent("5"), "steps" },
            { new StringContent("3"), "priority" },
            { new StringContent("2"), "parts" },
        };
        using var response = await shared.Client.Http.PostAsync("/v1/jobs", form);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!;
    }

    private async Task<string> AgainAsync(string id, string query)
    {
        using var response = await shared.Client.Http.PostAsync($"/v1/jobs/{id}/again{query}", null);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return (await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!;
    }
}
