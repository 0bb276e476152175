using System.Text;
using Locutor.Jobs.Storage;
using Locutor.Jobs.Tokens;
using Microsoft.Data.Sqlite;

namespace Locutor.Jobs.Tests;

public sealed class StorageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-storage-").FullName;

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Concurrent_writes_share_commits_and_are_all_stored()
    {
        var database = new SqliteDatabase(Path.Combine(folder, "a.db"));
        using (var writer = new GroupCommit(database))
        {
            await Task.WhenAll(
                Enumerable.Range(0, 2000).Select(i => writer.WriteAsync("kind", $"id{i}", 0, Encoding.UTF8.GetBytes($"body {i}"))));
        }

        using var connection = database.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*), count(DISTINCT body) FROM grain_state";
        using var reader = command.ExecuteReader();
        reader.Read();
        (reader.GetInt64(0), reader.GetInt64(1)).ShouldBe((2000L, 2000L));
    }

    [Fact]
    public void Nobody_else_may_read_the_database_or_its_log()
    {
        using var connection = new SqliteDatabase(Path.Combine(folder, "m.db")).Open();
        string[] files = Directory.GetFiles(folder, "m.db*");
        files.ShouldContain(file => file.EndsWith("-wal", StringComparison.Ordinal));
        if (OperatingSystem.IsWindows()) return;
        foreach (string file in files)
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
    }

    [Fact]
    public async Task A_write_with_a_stale_version_changes_nothing_and_reports_it()
    {
        using var writer = new GroupCommit(new SqliteDatabase(Path.Combine(folder, "b.db")));
        var one = new ReadOnlyMemory<byte>([1]);
        (await writer.WriteAsync("k", "x", 0, one)).ShouldBe(1);
        (await writer.WriteAsync("k", "x", 0, one)).ShouldBeNull();
        (await writer.WriteAsync("k", "x", 1, one)).ShouldBe(2);
        (await writer.WriteAsync("k", "x", 1, one)).ShouldBeNull();
        (await writer.WriteAsync("k", "x", 1, null)).ShouldBeNull();
        (await writer.WriteAsync("k", "x", 2, null)).ShouldBe(0);
        (await writer.WriteAsync("k", "x", 0, one)).ShouldBe(1);
    }

    [Fact]
    public async Task A_failed_commit_reaches_every_writer_of_its_group()
    {
        var database = new SqliteDatabase(Path.Combine(folder, "c.db"));
        using var writer = new GroupCommit(database);
        using (var connection = database.Open())
        {
            using var drop = connection.CreateCommand();
            drop.CommandText = "DROP TABLE grain_state";
            drop.ExecuteNonQuery();
        }
        var error = await Should.ThrowAsync<IOException>(writer.WriteAsync("job", "fc-1", 0, new byte[1]));
        error.Message.ShouldContain("fc-1");
    }

    [Fact]
    public void A_token_is_accepted_with_its_secret_only_and_not_when_revoked_or_expired()
    {
        var store = new TokenStore(new SqliteDatabase(Path.Combine(folder, "d.db")).Open, TimeProvider.System);
        var good = store.Create("good", TokenScopes.All, null, new TokenQuota(5, 2, 3600, 7200));
        var old = store.Create("old", TokenScopes.Read, TimeSpan.FromSeconds(-1), TokenQuota.Default);
        store.Authenticate(good.Token.KeyId, good.Secret)!.Quota.ShouldBe(new TokenQuota(5, 2, 3600, 7200));
        store.Authenticate(good.Token.KeyId, good.Secret + "x").ShouldBeNull();
        store.Authenticate("wk-unknown", good.Secret).ShouldBeNull();
        store.Authenticate(old.Token.KeyId, old.Secret).ShouldBeNull();
        store.Local();
        store.Authenticate(TokenStore.LocalKeyId, "").ShouldBeNull("the local token has no secret");
        store.Revoke(good.Token.KeyId, cancelJobs: false).ShouldBeTrue();
        store.Revoke(good.Token.KeyId, cancelJobs: false).ShouldBeFalse();
        store.Authenticate(good.Token.KeyId, good.Secret).ShouldBeNull();
        store.List().Select(token => token.Name).ShouldBe(["good", "old"], ignoreOrder: true);
        File.ReadAllText(Path.Combine(folder, "d.db"), Encoding.Latin1).ShouldNotContain(good.Secret);
    }
}
