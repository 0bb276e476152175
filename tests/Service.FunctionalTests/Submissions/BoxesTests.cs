using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>Boxes against the picture, whose size is known only when the picture is here.</summary>
public sealed class BoxesTests(SharedService shared) : IClassFixture<SharedService>
{
    /// <summary>The picture is 211 x 173, and the video is 320 x 320: its middle, 173 x 173.</summary>
    [Theory]
    [InlineData("[[0,0,100,173],[110,0,212,173]]", "expected boxes inside the picture of 211 x 173 pixels, found [110, 0, 212, 173]")]
    [InlineData(
        "[[90000,90000,99999,99999],[0,0,100,100]]",
        "expected boxes inside the picture of 211 x 173 pixels, found [90000, 90000, 99999, 99999]")]
    [InlineData(
        "[[50,50,55,100],[110,0,190,173]]",
        "expected boxes of at least 9 x 9 pixels in the part of the picture that the video shows, found [50, 50, 55, 100], of which 5 " +
        "x 50 pixels are in the video")]
    [InlineData(
        "[[0,0,20,100],[110,0,190,173]]",
        "expected boxes of at least 9 x 9 pixels in the part of the picture that the video shows, found [0, 0, 20, 100], of which 1 x " +
        "100 pixels are in the video")]
    public async Task Boxes_that_do_not_fit_an_uploaded_picture_are_422(string boxes, string reason)
    {
        using var form = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond, ("boxes", boxes));
        form.Add(new ByteArrayContent(Samples.VoiceOfASecond), "audio2", "second.wav");
        using var response = await shared.Client.Http.PostAsync("/v1/jobs", form);
        var answer = await TokenClient.ReadAsync(response);
        ((int)response.StatusCode).ShouldBe(422, answer.ToString());
        answer.GetProperty("errors").GetProperty("boxes")[0].GetString().ShouldBe(reason);
    }

    [Fact]
    public async Task Boxes_that_do_not_fit_a_fetched_picture_end_the_job_before_it_waits_for_a_worker()
    {
        await using var server = LoopbackServer.Start("127.0.0.2", (request, stream, cancellationToken) =>
            LoopbackServer.AnswerAsync(
                stream, "200 OK", "", request.Path == "/p" ? Samples.Picture : Samples.VoiceOfASecond, cancellationToken));
        using var response = await shared.Client.PostJsonAsync(
            "/v1/jobs",
            new
            {
                image = $"{server.Url}/p",
                audio = $"{server.Url}/v",
                audio2 = $"{server.Url}/v",
                boxes = new[] { new[] { 0, 0, 100, 300 }, [110, 0, 190, 173] },
            });
        var job = await TokenClient.ReadAsync(response);
        ((int)response.StatusCode).ShouldBe(202, job.ToString());
        var ended = await shared.Client.EndAsync(job.GetProperty("id").GetString()!);
        ended.GetProperty("status").GetString().ShouldBe("failed");
        ended.GetProperty("attempt").GetInt32().ShouldBe(0, "no worker had it");
        ended.GetProperty("error").GetProperty("code").GetString().ShouldBe("invalid_request");
        ended.GetProperty("error").GetProperty("message").GetString()
            .ShouldBe("boxes: expected boxes inside the picture of 211 x 173 pixels, found [0, 0, 100, 300]");
    }

    [Fact]
    public async Task Boxes_that_fit_are_kept_with_the_job()
    {
        using var form = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond, ("boxes", "[[20,0,100,173],[110,0,190,173]]"));
        form.Add(new ByteArrayContent(Samples.VoiceOfASecond), "audio2", "second.wav");
        using var response = await shared.Client.Http.PostAsync("/v1/jobs", form);
        var job = await TokenClient.ReadAsync(response);
        ((int)response.StatusCode).ShouldBe(202, job.ToString());
        job.GetProperty("boxes")[1][2].GetInt32().ShouldBe(190);
        (await shared.Client.EndAsync(job.GetProperty("id").GetString()!)).GetProperty("status").GetString().ShouldBe("succeeded");
    }
}
