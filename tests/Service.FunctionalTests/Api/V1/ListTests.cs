using System.Net;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.V1;

/// <summary>Many jobs in one request, and lists of some of them.</summary>
[Collection(Together.Name)]
public sealed class ListTests(SharedService shared)
{
    [Fact]
    public async Task A_batch_accepts_each_job_by_itself_and_lists_choose_by_metadata_and_time()
    {
        await using var images = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var sounds = LoopbackServer.Serving("127.0.0.2", Samples.VoiceOfASecond);
        using var token = shared.Service.CreateClient();
        object Job(string film, int steps) => new
        {
            image = images.Url,
            audio = sounds.Url,
            steps,
            metadata = new Dictionary<string, string> { ["film"] = film, ["scene"] = "1" },
        };
        object batch = new { jobs = new[] { Job("a", 4), Job("b", 4), Job("b", -4), Job("b", 4) } };
        var first = await BatchAsync(token, batch);
        first.Select(job => job.TryGetProperty("id", out _)).ShouldBe([true, true, false, true]);
        first[2].GetProperty("problem").GetProperty("errors").TryGetProperty("steps", out _).ShouldBeTrue();
        var again = await BatchAsync(token, batch);
        again.Where(job => job.TryGetProperty("id", out _)).Select(job => job.GetProperty("id").GetString())
            .ShouldBe(first.Where(job => job.TryGetProperty("id", out _)).Select(job => job.GetProperty("id").GetString()));
        again[0].GetProperty("repeated").GetBoolean().ShouldBeTrue();

        string?[] ids = [.. first.Select(job => job.TryGetProperty("id", out var id) ? id.GetString() : null)];
        (await AllAsync(token, "metadata.film=b")).ShouldBe([ids[3], ids[1]]);
        (await AllAsync(token, "metadata.film=b&limit=1")).ShouldBe([ids[3], ids[1]], "two pages");
        (await AllAsync(token, "metadata.film=b&metadata.scene=2")).ShouldBeEmpty();
        var job = await token.GetJsonAsync($"/v1/jobs/{ids[1]}");
        string created = Uri.EscapeDataString(job.GetProperty("created_at").GetString()!);
        (await AllAsync(token, $"created_after={created}")).ShouldBe([ids[3], ids[1]]);
        (await AllAsync(token, $"created_before={created}")).ShouldBe([ids[0]]);
        using var wrong = await token.Http.GetAsync("/v1/jobs?created_after=yesterday", TestContext.Current.CancellationToken);
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var empty = await token.PostJsonAsync("/v1/batches", new { jobs = Array.Empty<object>() });
        empty.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static async Task<JsonElement[]> BatchAsync(TokenClient token, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/batches")
        {
            Content = new StringContent(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Idempotency-Key", "films");
        using var answer = await token.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var view = await TokenClient.ReadAsync(answer);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, view.ToString());
        return [.. view.GetProperty("jobs").EnumerateArray()];
    }

    /// <summary>The ids of all pages of a list.</summary>
    private static async Task<string?[]> AllAsync(TokenClient token, string query)
    {
        var ids = new List<string?>();
        string? cursor = null;
        do
        {
            var page = await token.GetJsonAsync($"/v1/jobs?{query}{(cursor is null ? "" : $"&cursor={cursor}")}");
            ids.AddRange(page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString()));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return [.. ids];
    }
}
