using System.Net;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;
using Npgsql;

namespace Locutor.Service.FunctionalTests.Operations;

/// <summary>Backups of a running service, restored into another.</summary>
public sealed class BackupTests
{
    [Fact]
    public async Task A_backup_of_a_running_service_brings_everything_back()
    {
        await using var service = await LocalService.StartAsync("--set", "stub_seconds=0.2");
        using var client = service.CreateClient(TokenScopes.All);
        string done = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.EndAsync(done);
        string sum = await VideoAsync(client, done);
        string folder = Path.Combine(Path.GetTempPath(), $"locutor-backup-{Guid.NewGuid():N}");
        try
        {
            // Jobs are submitted during the backup; all that were accepted before its start are in it.
            string before = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
            var submitting = Task.Run(async () =>
            {
                for (int i = 0; i < 5; i++)
                    await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
            });
            var (code, output, error) = await service.RunAsync("backup", folder);
            code.ShouldBe(0, error);
            output.ShouldContain("sqlite database");
            await submitting;
            (await service.RunAsync("backup", folder)).Code.ShouldBe(3, "a backup never overwrites another");

            await using var other = await LocalService.StartAsync("--set", "workers=cpu", "--set", "stub_seconds=0.2");
            (code, _, error) = await other.RunAsync("restore", folder);
            code.ShouldBe(3, "a data folder that is in use is left alone");
            error.ShouldContain("in use");
            await other.StopAsync();
            Directory.Delete(other.Data, recursive: true);
            Directory.CreateDirectory(other.Data);
            (code, _, error) = await other.RunAsync("restore", folder);
            code.ShouldBe(0, error);
            await using var restored = await LocalService.TakeOverAsync(other);
            using var again = new TokenClient(other.Url, client.Key, client.Secret);
            (await VideoAsync(again, done)).ShouldBe(sum);
            (await again.EndAsync(before)).GetProperty("status").GetString().ShouldBe("succeeded");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_backup_of_PostgreSQL_goes_into_an_empty_database()
    {
        await using var database = await PostgresServer.StartAsync(FreePort.Take());
        var environment = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = database.ConnectionString };
        await using var service = await LocalService.StartAsync(environment, "--set", "workers=cpu", "--set", "stub_seconds=0.2");
        using var client = service.CreateClient();
        string done = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
        await client.EndAsync(done);
        string sum = await VideoAsync(client, done);
        string folder = Path.Combine(Path.GetTempPath(), $"locutor-backup-{Guid.NewGuid():N}");
        try
        {
            var (code, _, error) = await service.RunAsync("backup", folder);
            code.ShouldBe(0, error);
            await service.StopAsync();
            await using (var connection = new NpgsqlConnection(database.ConnectionString))
            {
                await connection.OpenAsync();
                await using var create = new NpgsqlCommand("CREATE DATABASE second", connection);
                await create.ExecuteNonQueryAsync();
            }
            string second = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "second" }.ToString();
            var empty = new Dictionary<string, string> { ["LOCUTOR_POSTGRES"] = second };
            Directory.Delete(service.Data, recursive: true);
            Directory.CreateDirectory(service.Data);
            (code, _, error) = await service.RunWithAsync(environment, "restore", folder);
            code.ShouldBe(3, "its own database has tables; nothing is copied, so that the next attempt finds an empty folder");
            error.ShouldContain("is not empty");
            (code, _, error) = await service.RunWithAsync(empty, "restore", folder);
            code.ShouldBe(0, error);
            await using var restored = await LocalService.TakeOverAsync(service, "--set", $"postgres={second}");
            using var again = new TokenClient(service.Url, client.Key, client.Secret);
            (await VideoAsync(again, done)).ShouldBe(sum);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> VideoAsync(TokenClient client, string id)
    {
        using var video = await client.Http.GetAsync($"/v1/jobs/{id}/video");
        video.StatusCode.ShouldBe(HttpStatusCode.OK);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await video.Content.ReadAsByteArrayAsync()));
    }
}
