using System.Net;
using System.Text;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.Modal;

public sealed class ModalWireTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string Picture = Samples.DataUrl(Samples.Picture);
    private static readonly string Voice = Samples.DataUrl(Samples.VoiceOfASecond);

    [Theory]
    [InlineData(null, null, "modal-http: missing credentials for proxy authorization")]
    [InlineData("wk-nobody", "ws-nothing", "modal-http: invalid credentials")]
    [InlineData("local", "", "modal-http: invalid credentials")]
    public async Task Without_the_right_headers_the_answer_is_the_proxys(string? key, string? secret, string text)
    {
        using var client = new HttpClient { BaseAddress = new Uri(shared.Service.Url) };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("Modal-Key", key);
            client.DefaultRequestHeaders.Add("Modal-Secret", secret);
        }
        foreach (var response in new[] { await client.PostAsync("/", new StringContent("{}")), await client.GetAsync("/?call_id=fc-x") })
        {
            response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            response.Content.Headers.ContentType!.ToString().ShouldBe("text/plain");
            (await response.Content.ReadAsStringAsync()).ShouldBe(text);
        }
    }

    [Theory]
    [InlineData(
        """{"audio1":"x"}""", """{"detail":[{"type":"missing","loc":["body","image"],"msg":"Field required","input":{"audio1":"x"}}]}""")]
    [InlineData(
        """{"image":5,"audio1":"x"}""",
        """{"detail":[{"type":"string_type","loc":["body","image"],"msg":"Input should be a valid string","input":5}]}""")]
    [InlineData(
        """{"image":"x","audio1":"y","prompt":[]}""",
        """{"detail":[{"type":"string_type","loc":["body","prompt"],"msg":"Input should be a valid string","input":[]}]}""")]
    [InlineData(
        """{"x":1}""",
        """{"detail":[{"type":"missing","loc":["body","image"],"msg":"Field required","input":{"x":1}},""" +
        """{"type":"missing","loc":["body","audio1"],"msg":"Field required","input":{"x":1}}]}""")]
    [InlineData(
        """{"image":"x","audio1":"y","prompt":"\ud800"}""",
        """{"detail":[{"type":"string_type","loc":["body","prompt"],"msg":"Input should be a valid string","input":"\"\\ud800\""}]}""")]
    [InlineData(
        """{"image":"x","more":["\ud800"]}""",
        """{"detail":[{"type":"missing","loc":["body","audio1"],"msg":"Field required",""" + "\"input\":\"" +
        """{\"image\":\"x\",\"more\":[\"\\ud800\"]}"}]}""")]
    [InlineData(
        "[]",
        """{"detail":[{"type":"model_attributes_type","loc":["body"],""" + "\"msg\":\"" +
        """Input should be a valid dictionary or object to extract fields from","input":[]}]}""")]
    [InlineData("", """{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}""")]
    [InlineData(
        "{",
        """{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}]}""")]
    public async Task A_wrong_body_is_refused_as_FastAPI_does(string body, string answer)
    {
        using var response = await shared.Client.PostJsonAsync("/", body);
        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/json");
        (await response.Content.ReadAsStringAsync()).ShouldBe(answer);
    }

    [Fact]
    public async Task A_result_without_call_id_on_the_seeds_host_is_422()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/")
        {
            Headers = { Host = "someone--infinitetalk-api-api-result.modal.run" }
        };
        using var response = await shared.Client.Http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await response.Content.ReadAsStringAsync()).ShouldBe(
            """{"detail":[{"type":"missing","loc":["query","call_id"],"msg":"Field required","input":null}]}""");
    }

    [Fact]
    public async Task Bad_inputs_are_400_and_the_image_is_checked_first()
    {
        await using var missing = LoopbackServer.Start(
            "127.0.0.2", (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(stream, "404 Not Found", "", [], cancellationToken));
        await using var voices = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        string failed = await DetailAsync(new { image = $"{missing.Url}/a.png", audio1 = $"{voices.Url}/a.wav" });
        failed.ShouldStartWith($"Failed to download from URL {missing.Url}/a.png");
        voices.Connections.ShouldBe(0);
        (await DetailAsync(new { image = $"{voices.Url}/a.wav", audio1 = $"{missing.Url}/a.wav" }))
            .ShouldBe("Invalid file type. Expected image or video, but got audio/wav");
        (await DetailAsync(new { image = Picture, audio1 = Picture })).ShouldBe("Invalid file type. Expected audio, but got image/png");
        (await DetailAsync(new { image = Samples.DataUrl(Samples.Text("hello")), audio1 = Voice }))
            .ShouldStartWith("Invalid file type. Expected image or video, but got ");
    }

    [Fact]
    public async Task An_empty_prompt_unknown_fields_a_second_voice_and_a_video_are_taken()
    {
        var body = new
        {
            image = Samples.DataUrl(Samples.Video),
            audio1 = Voice,
            audio2 = Voice,
            prompt = "",
            anything = new { at = "all" },
        };
        using var response = await shared.Client.PostJsonAsync("/", body);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        string id = (await TokenClient.ReadAsync(response)).GetProperty("call_id").GetString()!;
        var job = await shared.Client.EndAsync(id);
        job.GetProperty("status").GetString().ShouldBe("succeeded");
        job.GetProperty("prompt").GetString().ShouldBe("a person is talking");
        job.GetProperty("inputs").GetArrayLength().ShouldBe(3);
    }

    [Fact]
    public async Task Failed_unknown_foreign_and_canceled_calls_have_different_answers()
    {
        string failing = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "run out of memory"));
        await shared.Client.EndAsync(failing);
        using var failed = await shared.Client.Http.GetAsync($"/?call_id={failing}");
        failed.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await failed.Content.ReadAsStringAsync()).ShouldBe("""{"detail":"cpu has too little memory for this job"}""");
        using var unknown = await shared.Client.Http.GetAsync("/?call_id=fc-00000000000000000000000000");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var other = shared.Service.CreateClient();
        using var foreign = await other.Http.GetAsync($"/?call_id={failing}");
        foreign.StatusCode.ShouldBe(HttpStatusCode.NotFound, "a job of another token does not exist");
        string canceled = await shared.Client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "stall"));
        await shared.Client.Http.PostAsync($"/v1/jobs/{canceled}/cancel", null);
        using var gone = await shared.Client.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/?call_id={canceled}"));
        gone.StatusCode.ShouldBe(HttpStatusCode.Gone);
    }

    [Theory]
    [InlineData("x--infinitetalk-api-model-submit.modal.run", "GET")]
    [InlineData("x--infinitetalk-api-api-result.modal.run", "POST")]
    [InlineData("x--infinitetalk-api-api-result-head.modal.run", "GET")]
    public async Task The_seeds_hosts_take_one_method_each(string host, string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/")
        {
            Headers = { Host = host },
            Content = method == "POST" ? new StringContent("{}", Encoding.UTF8) : null,
        };
        using var response = await shared.Client.Http.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await response.Content.ReadAsStringAsync()).ShouldBe("""{"detail":"Method Not Allowed"}""");
    }

    private async Task<string> DetailAsync(object body)
    {
        using var response = await shared.Client.PostJsonAsync("/", body);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        return (await TokenClient.ReadAsync(response)).GetProperty("detail").GetString()!;
    }
}
