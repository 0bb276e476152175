using System.IO.Compression;
using System.Net;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.Data.Sqlite;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>Data folders of other versions of the program.</summary>
public sealed class UpgradeTests
{
    /// <summary>
    /// A data folder that version 0.1.0 left before schema versions were recorded: one finished job, one that waits, one token.
    /// </summary>
    [Fact]
    public async Task A_data_folder_of_the_last_released_schema_is_taken_over()
    {
        await using var service = ServiceProcess.Create("--set", "workers=cpu", "--set", "stub_seconds=0.2");
        Directory.Delete(service.Data);
        ZipFile.ExtractToDirectory(Path.Combine(AppContext.BaseDirectory, "Operations", "released-schema.zip"), service.Data);
        string[] ids = (await File.ReadAllTextAsync(Path.Combine(service.Data, "ids.txt"))).Split(' ');
        var (key, secret, finished, waiting) = (ids[0], ids[1], ids[2], ids[3]);
        // Results are kept for a week; this one is older.
        await using var next = await LocalService.TakeOverAsync(service, "--set", "clean_seconds=3600");

        using var client = new TokenClient(service.Url, key, secret);
        var job = await client.GetJsonAsync($"/v1/jobs/{finished}");
        job.GetProperty("prompt").GetString().ShouldBe("A woman sings");
        job.GetProperty("steps").GetInt32().ShouldBe(3);
        job.GetProperty("seed").GetInt64().ShouldBe(7);
        job.GetProperty("metadata").GetProperty("order").GetString().ShouldBe("17");
        (await client.EndAsync(waiting)).GetProperty("status").GetString().ShouldBe("succeeded");
        using var video = await client.Http.GetAsync($"/v1/jobs/{waiting}/video");
        video.StatusCode.ShouldBe(HttpStatusCode.OK);
        client.Http.DefaultRequestHeaders.Add("Idempotency-Key", "first");
        using var reused = await client.UploadAsync(Samples.Picture, Samples.VoiceOfASecond);
        (await TokenClient.ReadAsync(reused)).GetProperty("code").GetString().ShouldBe("idempotency_key_reused");
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_used_or_refused_as_that_program_said()
    {
        await using var service = ServiceProcess.Create("--set", "workers=none");
        await using (await LocalService.TakeOverAsync(service))
        {
        }
        SetSchema(service.Data, version: 99, readableBy: 1);
        await using (await LocalService.TakeOverAsync(service))
        {
        }
        SetSchema(service.Data, version: 99, readableBy: 98);
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => service.StartAgainAsync());
        refused.Message.ShouldContain("the database has schema version 99, which needs a program of schema version 98 or newer");
    }

    private static void SetSchema(string data, int version, int readableBy)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "jobs.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"UPDATE schema_version SET version = {version}, readable_by = {readableBy}";
        command.ExecuteNonQuery().ShouldBe(1);
    }
}
