using System.Text;
using System.Text.Json.Nodes;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Data.Sqlite;

namespace Locutor.Service.FunctionalTests.Submissions;

public sealed class StoredRequestTests
{
    /// <summary>The first released form had the settings as properties of the request, and left out a seed of 0.</summary>
    [Fact]
    public async Task A_job_that_an_earlier_release_stored_is_shown_and_run()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        using var client = new TokenClient(service.Url, "x", "y");
        string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond, ("prompt", "not this one"), ("steps", "7"));
        await service.StopAsync();
        Rewrite(service, id, request =>
        {
            request.Remove("Payload").ShouldBeTrue();
            request.Remove("PayloadVersion").ShouldBeTrue();
            foreach (var (name, value) in JsonNode.Parse("""
                { "Prompt": "A woman sings", "NegativePrompt": "blur", "Size": "480p", "Steps": 6, "Shift": 2.5,
                  "MotionFrames": 9, "ColourCorrection": 0.5, "AudioType": "add" }
                """)!.AsObject())
            {
                request[name] = value?.DeepClone();
            }
        });
        await using var next = await LocalService.TakeOverAsync(service, "--set", "workers=cpu");
        var job = await client.EndAsync(id);
        job.GetProperty("status").GetString().ShouldBe("succeeded", job.ToString());
        job.GetProperty("prompt").GetString().ShouldBe("A woman sings");
        job.GetProperty("negative_prompt").GetString().ShouldBe("blur");
        job.GetProperty("steps").GetInt32().ShouldBe(6);
        job.GetProperty("shift").GetDouble().ShouldBe(2.5);
        job.GetProperty("motion_frames").GetInt32().ShouldBe(9);
        job.GetProperty("seed").GetInt64().ShouldBe(0);
        job.GetProperty("inputs").GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task A_repeated_request_is_answered_before_its_inputs_are_stored_again()
    {
        await using var service = await LocalService.StartAsync("--no-auth", "--set", "workers=none");
        using var client = new TokenClient(service.Url, "x", "y");
        async Task<HttpResponseMessage> PostAsync(string key)
        {
            string body =
                $$"""{ "image": "{{Samples.DataUrl(Samples.Picture)}}", "audio": "{{Samples.DataUrl(Samples.VoiceOfASecond)}}" }""";
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json")
            };
            request.Headers.Add("Idempotency-Key", key);
            return await client.Http.SendAsync(request);
        }
        using var first = await PostAsync("one");
        ((int)first.StatusCode).ShouldBe(202);
        // From here on nothing can be stored.
        string aside = Path.Combine(service.Data, "aside");
        Directory.Delete(aside, recursive: true);
        await File.WriteAllTextAsync(aside, "");
        using var other = await PostAsync("two");
        ((int)other.StatusCode).ShouldBe(503);
        using var repeated = await PostAsync("one");
        ((int)repeated.StatusCode).ShouldBe(202);
        repeated.Headers.Contains("Idempotency-Replayed").ShouldBeTrue();
        (await TokenClient.ReadAsync(repeated)).GetProperty("id").GetString()
            .ShouldBe((await TokenClient.ReadAsync(first)).GetProperty("id").GetString());
    }

    private static void Rewrite(TestedService service, string id, Action<JsonObject> change)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(service.Data, "jobs.db")};Pooling=False");
        connection.Open();
        using var read = connection.CreateCommand();
        read.CommandText = "SELECT kind, body FROM grain_state WHERE id = $id";
        read.Parameters.AddWithValue("$id", id);
        string kind;
        JsonNode state;
        using (var rows = read.ExecuteReader())
        {
            rows.Read().ShouldBeTrue();
            (kind, state) = (rows.GetString(0), JsonNode.Parse((byte[])rows.GetValue(1))!);
            rows.Read().ShouldBeFalse("one record for each job");
        }
        var request = state["Request"] ?? state["Record"]?["Request"] ?? state["Job"]?["Request"];
        change(request.ShouldNotBeNull(state.ToJsonString()).AsObject());
        using var write = connection.CreateCommand();
        write.CommandText = "UPDATE grain_state SET body = $body WHERE id = $id AND kind = $kind";
        write.Parameters.AddWithValue("$body", Encoding.UTF8.GetBytes(state.ToJsonString()));
        write.Parameters.AddWithValue("$id", id);
        write.Parameters.AddWithValue("$kind", kind);
        write.ExecuteNonQuery().ShouldBe(1);
    }
}
