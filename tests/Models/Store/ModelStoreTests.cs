using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using Locutor.Models.Hub;
using Locutor.Models.Store;
using Microsoft.AspNetCore.Http;

namespace Locutor.Models.Tests.Store;

public sealed partial class ModelStoreTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-store-").FullName;
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly int seed = TestSeed.Value;
    private HubServer server = null!;
    private HubOptions options = null!;

    public async ValueTask InitializeAsync()
    {
        server = await HubServer.StartAsync();
        options = new HubOptions { Mirrors = [server.Address], FirstDelay = TimeSpan.FromMilliseconds(10), Connections = 4 };
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task Files_of_all_sizes_arrive_whole_and_only_once()
    {
        int[] sizes = [0, 1, 999, 1000, (1 << 20) - 1, 1 << 20, (9 << 20) + 12345];
        BundleFile[] files =
        [
            .. sizes.Select((size, i) => new BundleFile(
                $"sub folder/{i}.bin", "owner/name", i % 2 == 0 ? "refs/pr/1" : null, size,
                server.Add($"sub folder/{i}.bin", Bytes(size))))
        ];
        var seen = new ConcurrentQueue<PullProgress>();
        var store = new ModelStore(folder, options);

        (await store.PullAsync([.. files, .. files], new Immediate(seen.Enqueue), Stop)).ShouldBe(files.Length);

        for (int i = 0; i < files.Length; i++)
        {
            File.ReadAllBytes(store.Find(files[i])!).ShouldBe(Bytes(sizes[i]), $"seed {seed}, size {sizes[i]}");
            (await store.VerifyAsync(files[i], Stop)).ShouldBe(files[i].Sha256);
        }
        seen.Last().Bytes.ShouldBe(sizes.Sum());
        seen.Last().TotalBytes.ShouldBe(sizes.Sum());
        seen.Last().FilesDone.ShouldBe(files.Length);
        server.BytesSent.ShouldBe(sizes.Sum());
        int requests = server.Requests.Count;
        (await store.PullAsync(files, null, Stop)).ShouldBe(0);
        server.Requests.Count.ShouldBe(requests);
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ShouldNotContain(f => f.EndsWith(".part", StringComparison.Ordinal) || f.EndsWith(".journal", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Temporary_failures_are_retried()
    {
        byte[] bytes = Bytes(6 << 20);
        var file = new BundleFile("a.bin", "owner/name", Sha256: server.Add("a.bin", bytes));
        int answers = 0;
        server.Fault = async (context, onContent) =>
        {
            int n = Interlocked.Increment(ref answers);
            if (onContent && n % 3 == 0)
            {
                context.Response.ContentLength = 1 << 20; // less than promised, then the connection is cut
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = context.Request.Headers.Range.ToString()
                    .Replace("bytes=", "bytes ", StringComparison.Ordinal) +
                    $"/{bytes.Length}";
                await context.Response.Body.WriteAsync(
                    bytes.AsMemory((int)context.Request.GetTypedHeaders().Range!.Ranges.Single().From!.Value, 1000));
                await context.Response.Body.FlushAsync();
                context.Abort();
                return true;
            }
            if (n % 4 != 1) return false;
            context.Response.StatusCode = n % 8 == 1 ? 429 : 503;
            context.Response.Headers.RetryAfter = "0";
            return true;
        };
        var store = new ModelStore(folder, options with { Attempts = 40 }); // one connection may get the faults of all
        await store.PullAsync([file], null, Stop);
        File.ReadAllBytes(store.Find(file)!).ShouldBe(bytes);
        answers.ShouldBeGreaterThan(12);
    }

    [Fact]
    public async Task A_server_that_asks_to_wait_is_not_asked_before()
    {
        var file = new BundleFile("a.bin", "owner/name", Sha256: server.Add("a.bin", Bytes(5000)));
        long first = 0;
        double waited = 0;
        server.Fault = (context, _) =>
        {
            if (first != 0)
            {
                if (waited == 0) waited = Stopwatch.GetElapsedTime(first).TotalSeconds;
                return Task.FromResult(false);
            }
            first = Stopwatch.GetTimestamp();
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "1";
            return Task.FromResult(true);
        };
        var store = new ModelStore(folder, options);
        await store.PullAsync([file], null, Stop);
        waited.ShouldBeGreaterThan(0.95);
    }

    [Theory]
    [InlineData(401, "a token is needed (set HF_TOKEN)")]
    [InlineData(403, "access is refused; a token may be needed")]
    [InlineData(404, "not found")]
    [InlineData(429, "too many requests")]
    [InlineData(500, "the server failed")]
    public async Task A_refusal_is_reported_with_its_reason(int status, string message)
    {
        server.Add("a.bin", Bytes(5000));
        server.Fault = (context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.FromResult(true);
        };
        var store = new ModelStore(folder, options with { Attempts = 3 });
        var failure = await Should.ThrowAsync<BundleException>(() => store.PullAsync([new BundleFile("a.bin", "owner/name")], null, Stop));
        failure.Message.ShouldContain($"owner/name/a.bin: {message}");
        failure.Message.ShouldContain($"answers {status}");
        server.Requests.Count.ShouldBe(status >= 429 ? 3 : 1);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_not_to_the_content_host()
    {
        server.NeededToken = "secret";
        var file = new BundleFile("a.bin", "owner/name", Sha256: server.Add("a.bin", Bytes(50_000)));
        (
            await Should.ThrowAsync<BundleException>(() => new ModelStore(folder, options).PullAsync([file], null, Stop)))
            .Message.ShouldContain("HF_TOKEN");
        var store = new ModelStore(folder, options with { Token = "secret" });
        await store.PullAsync([file], null, Stop); // the content host refuses requests with a token
        store.Find(file).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_file_is_fetched_from_the_first_mirror_that_has_it()
    {
        await using var second = await HubServer.StartAsync();
        byte[] bytes = Bytes(3 << 20);
        var file = new BundleFile("a.bin", "owner/name", Sha256: second.Add("a.bin", bytes));
        var dead = new Uri("http://127.0.0.1:9");
        var store = new ModelStore(folder, options with { Mirrors = [dead, server.Address, second.Address] });
        await store.PullAsync([file], null, Stop);
        File.ReadAllBytes(store.Find(file)!).ShouldBe(bytes);
    }

    [Fact]
    public async Task Content_with_another_hash_is_discarded()
    {
        byte[] bytes = Bytes(100_000);
        string hash = server.Add("a.bin", bytes);
        var store = new ModelStore(folder, options);
        async Task Refused(BundleFile file, string message) =>
            (await Should.ThrowAsync<BundleException>(() => store.PullAsync([file], null, Stop))).Message.ShouldContain(message);
        await Refused(new("a.bin", "owner/name", Size: 99_999), "expected 99999 bytes, found 100000 on the hub");
        await Refused(new("a.bin", "owner/name", Sha256: new string('0', 64)), $"found {hash} on the hub");
        server.Fault = async (context, onContent) =>
        {
            if (!onContent || context.Request.Method != "GET") return false;
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(new byte[bytes.Length]);
            return true;
        };
        await Refused(new("a.bin", "owner/name"), $"expected SHA-256 {hash}, found ");
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ShouldAllBe(f => f.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../x", "owner/name", null)]
    [InlineData("a/../../x", "owner/name", null)]
    [InlineData("/etc/passwd", "owner/name", null)]
    [InlineData("a\\b", "owner/name", null)]
    [InlineData("a.part", "owner/name", null)]
    [InlineData("", "owner/name", null)]
    [InlineData("x", "../name", null)]
    [InlineData("x", "owner", null)]
    [InlineData("x", "owner/name/more", null)]
    [InlineData("x", "owner/name", "../..")]
    public async Task Names_that_lead_out_of_the_store_are_refused(string path, string repository, string? revision)
    {
        var store = new ModelStore(folder, options);
        await Should.ThrowAsync<BundleException>(() => store.PullAsync([new BundleFile(path, repository, revision)], null, Stop));
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Files_in_the_cache_of_the_hubs_client_are_used_in_place()
    {
        string cache = Path.Combine(folder, "cache"), repository = Path.Combine(cache, "models--owner--name");
        Directory.CreateDirectory(Path.Combine(repository, "refs", "refs", "pr"));
        Directory.CreateDirectory(Path.Combine(repository, "blobs"));
        Directory.CreateDirectory(Path.Combine(repository, "snapshots", "abc", "sub"));
        await File.WriteAllTextAsync(Path.Combine(repository, "refs", "refs", "pr", "1"), "abc", Stop);
        await File.WriteAllBytesAsync(Path.Combine(repository, "blobs", "x"), Bytes(77), Stop);
        File.CreateSymbolicLink(Path.Combine(repository, "snapshots", "abc", "sub", "a.bin"), "../../../blobs/x");
        var store = new ModelStore(Path.Combine(folder, "store"), options with { CacheFolder = cache, Offline = true });
        var file = new BundleFile("sub/a.bin", "owner/name", "refs/pr/1", 77);
        File.ReadAllBytes(store.Find(file)!).ShouldBe(Bytes(77));
        (await store.PullAsync([file], null, Stop)).ShouldBe(0);
        store.Find(file with { Size = 78 }).ShouldBeNull();
        (
            await Should.ThrowAsync<BundleException>(() => store.PullAsync([file with { Path = "sub/b.bin" }], null, Stop)))
            .Message.ShouldContain("offline, and 1 files are not on disk: owner/name/sub/b.bin");
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Damaged_files_are_found_and_unused_ones_are_deleted()
    {
        BundleFile[] files = [new("a.bin", "owner/name"), new("b.bin", "owner/name"), new("c.bin", "owner/name")];
        foreach (var file in files) server.Add(file.Path, Bytes(5000 + file.Path[0]));
        var store = new ModelStore(folder, options);
        await store.PullAsync(files, null, Stop);
        byte[] damaged = Bytes(5000 + 'a');
        damaged[123] ^= 4;
        await File.WriteAllBytesAsync(store.Find(files[0])!, damaged, Stop);
        (await Should.ThrowAsync<BundleException>(() => store.VerifyAsync(files[0], Stop))).Message.ShouldContain("expected SHA-256");
        await File.WriteAllBytesAsync(store.Find(files[1])!, damaged[..100], Stop);
        (
            await Should.ThrowAsync<BundleException>(() => store.VerifyAsync(files[1], Stop)))
            .Message.ShouldContain("expected 5098 bytes, found 100");
        (await store.VerifyAsync(files[2], Stop)).ShouldNotBeNull();
        (
            await Should.ThrowAsync<BundleException>(() => store.VerifyAsync(files[2] with { Path = "d.bin" }, Stop)))
            .Message.ShouldContain("not on disk");

        store.Prune([files[0]], dryRun: true).Count(g => !g.Path.EndsWith(".lock", StringComparison.Ordinal)).ShouldBe(4);
        store.Find(files[1]).ShouldNotBeNull();
        store.Prune([files[0]], dryRun: false).ShouldContain(g => g.Path.EndsWith("c.bin", StringComparison.Ordinal) && g.Bytes == 5099);
        store.Find(files[0]).ShouldNotBeNull();
        store.Find(files[1]).ShouldBeNull();
        Directory.EnumerateFiles(folder, "a.bin*", SearchOption.AllDirectories).Count().ShouldBe(3);
    }

    [Fact]
    public async Task A_disk_without_enough_space_is_noticed_before_the_download()
    {
        server.Fault = (context, _) =>
        {
            context.Response.Headers["X-Linked-Size"] = $"{1L << 60}";
            context.Response.Redirect("http://127.0.0.1:9/");
            return Task.FromResult(true);
        };
        var store = new ModelStore(folder, options);
        (
            await Should.ThrowAsync<BundleException>(() => store.PullAsync([new BundleFile("a.bin", "owner/name")], null, Stop)))
            .Message.ShouldContain($"expected {1L << 60:N0} bytes of free disk");
    }

    [Fact]
    public void The_hubs_cache_names_content_by_its_hash()
    {
        byte[] content = "x"u8.ToArray();
        string hash = Convert.ToHexStringLower(SHA256.HashData(content));
        string blob = Path.Combine(folder, hash), link = Path.Combine(folder, "model.safetensors");
        File.WriteAllBytes(blob, content);
        File.CreateSymbolicLink(link, blob);

        ModelStore.KnownHash(link).ShouldBe(hash);
        ModelStore.KnownHash(blob).ShouldBeNull();
    }

    /// <summary>Returns equal bytes for an equal count.</summary>
    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(seed ^ count).NextBytes(bytes);
        return bytes;
    }

    private sealed class Immediate(Action<PullProgress> report) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => report(value);
    }
}
