using System.Net.Http.Json;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Locutor.Service.FunctionalTests.Api.Mcp;

/// <summary>A client of the Model Context Protocol makes a video, asks for its state and gets its address.</summary>
[Collection(Together.Name)]
public sealed class McpClientTests(SharedService shared)
{
    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_assistant_makes_a_video_with_three_tools()
    {
        await using var images = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var sounds = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        await using var client = await ConnectAsync($"{shared.Client.Key}.{shared.Client.Secret}");
        var tools = await client.ListToolsAsync(cancellationToken: Soon);
        tools.Select(tool => tool.Name).Order().ShouldBe(["make_talking_video", "talking_video_result", "talking_video_state"]);

        var made = await CallAsync(client, "make_talking_video", new() { ["image"] = images.Url, ["audio"] = sounds.Url });
        string id = made.GetProperty("id").GetString()!;
        await shared.Client.EndAsync(id);
        (await CallAsync(client, "talking_video_state", new() { ["id"] = id })).GetProperty("status").GetString().ShouldBe("succeeded");
        var result = await CallAsync(client, "talking_video_result", new() { ["id"] = id });
        using var stranger = new HttpClient();
        (await stranger.GetByteArrayAsync(result.GetProperty("url").GetString(), Soon))
            .ShouldBe(await shared.Client.Http.GetByteArrayAsync($"/v1/jobs/{id}/video", Soon));
    }

    [Fact]
    public async Task Refusals_have_a_reason_and_a_wrong_token_reaches_no_tool()
    {
        await using var client = await ConnectAsync($"{shared.Client.Key}.{shared.Client.Secret}");
        var refused = await client.CallToolAsync(
            "make_talking_video", new Dictionary<string, object?> { ["image"] = "ftp://example.org/x.png" }, cancellationToken: Soon);
        refused.IsError.ShouldBe(true);
        string text = ((TextContentBlock)refused.Content.Single()).Text;
        text.ShouldContain("image:");
        text.ShouldContain("audio: expected a voice or a text");
        var unfit = await client.CallToolAsync(
            "make_talking_video", new Dictionary<string, object?> { ["text"] = 5, ["voice"] = null }, cancellationToken: Soon);
        ((TextContentBlock)unfit.Content.Single()).Text
            .ShouldEndWith("image: expected a text, found nothing; text: expected a text, found Number");
        (await client.CallToolAsync(
            "talking_video_state", new Dictionary<string, object?> { ["id"] = "fc-00000000000000000000000000" }, cancellationToken: Soon))
            .IsError.ShouldBe(true);
        await Should.ThrowAsync<HttpRequestException>(() => ConnectAsync($"{shared.Client.Key}.ws-wrong"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task A_client_of_an_earlier_protocol_makes_a_video(string? protocol)
    {
        await using var images = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var sounds = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        using var call = new HttpRequestMessage(HttpMethod.Post, "/mcp")
        {
            Content = JsonContent.Create(new
            {
                jsonrpc = "2.0",
                id = 3,
                method = "tools/call",
                @params = new { name = "make_talking_video", arguments = new { image = images.Url, audio = sounds.Url } },
            }),
            Headers = { { "Accept", "application/json, text/event-stream" } },
        };
        if (protocol is not null) call.Headers.Add("MCP-Protocol-Version", protocol);
        using var response = await shared.Client.Http.SendAsync(call, Soon);
        string events = await response.Content.ReadAsStringAsync(Soon);
        string data = events.Split('\n').Single(line => line.StartsWith("data: ", StringComparison.Ordinal));
        using var answer = JsonDocument.Parse(data["data: ".Length..]);
        string text = answer.RootElement.GetProperty("result").GetProperty("content")[0].GetProperty("text").GetString()!;
        text.ShouldStartWith("{\"id\":\"fc-", Case.Sensitive, events);
    }

    private Task<McpClient> ConnectAsync(string bearer) => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(shared.Service.Url + "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {bearer}" },
        }),
        cancellationToken: Soon);

    private static async Task<JsonElement> CallAsync(McpClient client, string tool, Dictionary<string, object?> arguments)
    {
        var answer = await client.CallToolAsync(tool, arguments, cancellationToken: Soon);
        string text = ((TextContentBlock)answer.Content.Single()).Text;
        answer.IsError.ShouldNotBe(true, text);
        text.ShouldNotContain("\\u", customMessage: "an assistant copies addresses out of the text");
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }
}
