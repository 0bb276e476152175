using System.Net;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Api.V1;

/// <summary>Files of repeated forms: they are compared with those of the first, and leave nothing on the disk.</summary>
public sealed class IdempotencyTests : IAsyncLifetime
{
    private LocalService service = null!;
    private TokenClient client = null!;

    private string Aside => Path.Combine(service.Data, "aside");

    public async ValueTask InitializeAsync()
    {
        service = await LocalService.StartAsync("--set", "workers=none");
        client = service.CreateClient(TokenScopes.All, "tests");
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task A_repeated_form_is_answered_without_storing_its_files()
    {
        string key = Guid.NewGuid().ToString(), id = await AcceptedAsync(await PostAsync(key, ("steps", "3")));
        string[] files = Files();
        Directory.Delete(Aside);
        await File.WriteAllTextAsync(Aside, ""); // from here on, nothing can be stored
        for (int i = 0; i < 3; i++)
        {
            using var again = await PostAsync(key, ("steps", "3"));
            again.Headers.Contains("Idempotency-Replayed").ShouldBeTrue();
            (await AcceptedAsync(again)).ShouldBe(id);
        }
        using var other = await PostAsync(key, ("steps", "4"));
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await TokenClient.ReadAsync(other)).GetProperty("code").GetString().ShouldBe("idempotency_key_reused");
        using var fresh = await PostAsync(Guid.NewGuid().ToString(), ("steps", "3"));
        ((int)fresh.StatusCode).ShouldBeGreaterThanOrEqualTo(500, "a form under a new key is stored");
        Files().ShouldBe(files);
    }

    [Fact]
    public async Task Equal_forms_at_the_same_time_leave_the_files_of_one()
    {
        string key = Guid.NewGuid().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(key, ("steps", "3"))));
        var ids = new HashSet<string>();
        foreach (var answer in answers)
            using (answer) ids.Add(await AcceptedAsync(answer));
        string id = ids.ShouldHaveSingleItem();
        Directory.EnumerateDirectories(Path.Combine(service.Data, "inputs")).Select(Path.GetFileName).ShouldBe([id]);
        Directory.EnumerateFileSystemEntries(Aside).ShouldBeEmpty();
    }

    private string[] Files() =>
        [.. Directory.EnumerateFiles(Path.Combine(service.Data, "inputs"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private async Task<HttpResponseMessage> PostAsync(string key, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
        {
            Content = TokenClient.Form(Samples.Picture, Samples.VoiceOfASecond, fields)
        };
        request.Headers.Add("Idempotency-Key", key);
        return await client.Http.SendAsync(request);
    }

    private static async Task<string> AcceptedAsync(HttpResponseMessage response)
    {
        var answer = await TokenClient.ReadAsync(response);
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, answer.ToString());
        return answer.GetProperty("id").GetString()!;
    }
}
