using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;
using OpenAI.Videos;

namespace Locutor.Service.FunctionalTests.Api.OpenAi;

#pragma warning disable OPENAI001 // The package marks its client for videos as experimental.

/// <summary>The official package OpenAI for .NET makes, follows, downloads, lists and deletes videos of this service.</summary>
[Collection(Together.Name)]
public sealed class OpenAiClientTests(SharedService shared)
{
    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_package_of_OpenAI_makes_lists_downloads_and_deletes_a_video()
    {
        using var token = shared.Service.CreateClient();
        var client = Client(token);
        var form = TokenClient.Form(
            Samples.Picture, Samples.VoiceOfASecond, [("prompt", "She sings"), ("model", "stub"), ("seconds", "4")]);
        var made = Json(await client.CreateVideoAsync(
            BinaryContent.Create(BinaryData.FromBytes(await Renamed(form))), form.Headers.ContentType!.ToString()));
        string id = made.GetProperty("id").GetString()!;
        (made.GetProperty("object").GetString(), made.GetProperty("model").GetString()).ShouldBe(("video", "stub"));
        made.GetProperty("status").GetString().ShouldBeOneOf("queued", "in_progress", "completed");

        await token.EndAsync(id);
        var done = Json(await client.GetVideoAsync(id, new RequestOptions()));
        done.GetProperty("status").GetString().ShouldBe("completed");
        done.GetProperty("progress").GetInt32().ShouldBe(100);
        done.GetProperty("prompt").GetString().ShouldBe("She sings");
        done.GetProperty("size").GetString().ShouldBe("320x320");
        double.Parse(done.GetProperty("seconds").GetString()!, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(1.3, 0.1);
        var content = await client.DownloadVideoAsync(id, null, new RequestOptions());
        content.GetRawResponse().Content.ToArray().ShouldBe(await token.Http.GetByteArrayAsync($"/v1/jobs/{id}/video", Soon));
        (await client.DownloadVideoAsync(id, "thumbnail", new RequestOptions())).GetRawResponse().Content.ToArray()[..2]
            .ShouldBe([0xFF, 0xD8]);

        var list = await token.GetJsonAsync("/v1/videos?limit=1&order=desc");
        list.GetProperty("data").EnumerateArray().Single().GetProperty("id").GetString().ShouldBe(id);
        (list.GetProperty("last_id").GetString(), list.GetProperty("has_more").GetBoolean()).ShouldBe((id, false));
        (await token.GetJsonAsync($"/v1/videos?after={id}")).GetProperty("data").GetArrayLength().ShouldBe(0);

        var deleted = Json(await client.DeleteVideoAsync(id, new RequestOptions()));
        (deleted.GetProperty("id").GetString(), deleted.GetProperty("deleted").GetBoolean()).ShouldBe((id, true));
        var gone = await Should.ThrowAsync<ClientResultException>(() => client.GetVideoAsync(id, new RequestOptions()));
        gone.Status.ShouldBe(404);
        gone.Message.ShouldContain("there is no such job");
    }

    [Fact]
    public async Task JSON_takes_the_picture_as_an_address_or_an_object_and_refusals_name_the_field()
    {
        await using var images = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var sounds = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        using var token = shared.Service.CreateClient();
        object body = new { input_reference = new { image_url = images.Url }, audio = sounds.Url, size = "1280x720", seconds = "8" };
        using (var answer = await token.PostJsonAsync("/v1/videos", body))
        {
            string id = (await TokenClient.ReadAsync(answer)).GetProperty("id").GetString()!;
            (await token.EndAsync(id)).GetProperty("status").GetString().ShouldBe("succeeded");
        }
        byte[] large = Samples.Make("bmp", "-f", "lavfi", "-i", "color=red:s=160x160", "-frames:v", "1");
        large.Length.ShouldBeGreaterThan(1 << 16, "longer than other texts of a form may be");
        string picture = "data:image/bmp;base64," + Convert.ToBase64String(large);
        using var form = new MultipartFormDataContent
        {
            { new StringContent(picture), "input_reference[image_url]" },
            { new StringContent(sounds.Url), "audio" },
        };
        using (var answer = await token.Http.PostAsync("/v1/videos", form, Soon))
            answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Soon));
        using var remix = await token.PostJsonAsync("/v1/videos/fc-1/remix", new { prompt = "again" });
        (await TokenClient.ReadAsync(remix)).GetProperty("error").GetProperty("message").GetString()!
            .ShouldStartWith("there is no POST /v1/videos/fc-1/remix");
        using var refused = await token.PostJsonAsync("/v1/videos", new { input_reference = images.Url, audio = sounds.Url, steps = -1 });
        var error = (await TokenClient.ReadAsync(refused)).GetProperty("error");
        ((int)refused.StatusCode, error.GetProperty("param").GetString(), error.GetProperty("type").GetString())
            .ShouldBe((422, "steps", "invalid_request_error"));
        using var silent = await token.PostJsonAsync("/v1/videos", new { prompt = "a cat", input_reference = images.Url });
        (await TokenClient.ReadAsync(silent)).GetProperty("error").GetProperty("message").GetString()!
            .ShouldContain("audio: expected a voice or a text");
        using var stranger = new HttpClient { BaseAddress = token.Http.BaseAddress };
        using var unknown = await stranger.GetAsync("/v1/videos", Soon);
        error = (await TokenClient.ReadAsync(unknown)).GetProperty("error");
        ((int)unknown.StatusCode, error.GetProperty("type").GetString(), error.GetProperty("code").GetString())
            .ShouldBe((401, "authentication_error", "missing_credentials"));
    }

    private static VideoClient Client(TokenClient token) => new(
        new ApiKeyCredential($"{token.Key}.{token.Secret}"),
        new VideoClientOptions { Endpoint = new Uri(token.Http.BaseAddress!, "/v1") });

    /// <summary>The form of this service with the name that OpenAI has for the picture.</summary>
    private static async Task<byte[]> Renamed(MultipartFormDataContent form)
    {
        foreach (var part in form.Where(part => part.Headers.ContentDisposition!.Name is "image"))
            part.Headers.ContentDisposition!.Name = "input_reference";
        return await form.ReadAsByteArrayAsync(Soon);
    }

    private static JsonElement Json(ClientResult result)
    {
        using var json = JsonDocument.Parse(result.GetRawResponse().Content);
        return json.RootElement.Clone();
    }
}
