using System.Collections.Concurrent;
using Locutor.Models.Hub;
using Locutor.Models.Store;

namespace Locutor.Models.Tests.Store;

/// <summary>A component of a bundle that is an index of shards.</summary>
public sealed class ShardsTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-shards-").FullName;
    private readonly Random random = TestSeed.NewRandom();
    private readonly List<byte[]> contents = [];
    private HubServer server = null!;
    private HubOptions options = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

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
    public async Task An_index_brings_the_shards_that_it_names()
    {
        var index = AddSharded("folder/", 3);
        var seen = new ConcurrentQueue<PullProgress>();
        var store = new ModelStore(folder, options);
        store.WithShards(index).ShouldBe([index], "before the index is there");

        (await store.PullAsync([index], new Immediate(seen.Enqueue), Stop)).ShouldBe(4);

        string[] names = [.. store.WithShards(index).Select(file => file.Path)];
        names.ShouldBe(
            [
                "folder/model.safetensors.index.json", "folder/model-1.safetensors", "folder/model-2.safetensors",
                "folder/model-3.safetensors"
            ]);
        foreach (var (file, number) in store.WithShards(index).Skip(1).Zip([1, 2, 3]))
            File.ReadAllBytes(store.Find(file)!).ShouldBe(contents[number - 1]);
        foreach (var file in store.WithShards(index)) (await store.VerifyAsync(file, Stop)).ShouldNotBeNull();
        seen.Last().Bytes.ShouldBe(30_006);
        seen.Last().TotalBytes.ShouldBe(30_006);
        store.Prune(store.WithShards(index), dryRun: true).ShouldAllBe(gone => gone.Path.EndsWith(".lock", StringComparison.Ordinal));
        int requests = server.Requests.Count;
        (await store.PullAsync([index], null, Stop)).ShouldBe(0);
        server.Requests.Count.ShouldBe(requests);

        File.Delete(Path.Combine(folder, "owner--name", "main", "folder", "model-2.safetensors"));
        store.Find(index).ShouldBeNull("a shard is missing");
        File.CreateSymbolicLink(
            Path.Combine(folder, "owner--name", "main", "folder", "model-2.safetensors"), Path.Combine(folder, "nowhere"));
        store.Find(index).ShouldBeNull("a link leads nowhere");
        var bundle = BundleJson.Read(Path.Combine(ShippedBundlesTests.Folder, "flashtalk", "bundle.json"));
        Should.Throw<BundleException>(() => new ResolvedBundle(bundle, folder, store).Locate(index)).Message.ShouldContain(
            "or a file that it names is not on disk; run: locutor models pull flashtalk");
        (await store.PullAsync([index], null, Stop)).ShouldBe(1);
        store.Find(index).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("../evil.safetensors", "expected the name of a file beside the index")]
    [InlineData("/etc/passwd", "expected the name of a file beside the index")]
    [InlineData("sub/model.safetensors", "expected the name of a file beside the index")]
    [InlineData("sub\\\\model.safetensors", "expected a path within the repository")]
    [InlineData("model\\u0000.safetensors", "expected a path within the repository")]
    [InlineData("model.safetensors.part", "expected names of safetensors files")]
    [InlineData("model.safetensors.index.json", "expected names of safetensors files")]
    [InlineData("", "expected the name of a file beside the index")]
    public async Task An_index_that_names_other_files_than_shards_beside_it_is_refused(string name, string fault)
    {
        var index = AddIndex("", $"{{\"weight_map\":{{\"a\":\"{name}\"}}}}");
        var store = new ModelStore(folder, options);
        (await Should.ThrowAsync<BundleException>(() => store.PullAsync([index], null, Stop))).Message.ShouldContain(fault);
        server.Requests.ShouldAllBe(request => request.Contains("index.json", StringComparison.Ordinal));
        File.Exists(store.PathInStore(index)).ShouldBeFalse("the next pull fetches it again");
    }

    [Fact]
    public async Task An_index_that_is_no_index_or_too_large_is_refused()
    {
        var store = new ModelStore(folder, options);
        async Task Refused(string text, string fault)
        {
            var index = AddIndex($"{text.Length}/", text);
            (await Should.ThrowAsync<BundleException>(() => store.PullAsync([index], null, Stop))).Message.ShouldContain(fault);
        }

        await Refused("not JSON", "expected an index in JSON");
        await Refused("{}", "found JSON without a field weight_map");
        await Refused("{\"weight_map\":{}}", "expected keys in weight_map, found none");
        await Refused(
            $"{{\"weight_map\":{{{string.Join(',', Enumerable.Range(0, 1001).Select(i => $"\"{i}\":\"{i}.safetensors\""))}}}}}",
            "expected at most 1000 files, found 1001");
        server.Fault = (context, _) =>
        {
            context.Response.Headers["X-Linked-Size"] = $"{1L << 40}";
            context.Response.Redirect("http://127.0.0.1:9/");
            return Task.FromResult(true);
        };
        await Refused("large", $"expected an index of at most {64 << 20} bytes, found {1L << 40}");
    }

    private BundleFile AddSharded(string path, int shards)
    {
        for (int i = 1; i <= shards; i++)
        {
            contents.Add(random.Bytes(10_000 + i));
            server.Add($"{path}model-{i}.safetensors", contents[^1]);
        }

        return AddIndex(
            path,
            $"{{\"weight_map\":{{{string.Join(',', Enumerable.Range(1, shards).Select(i => $"\"{i}\":\"model-{i}.safetensors\""))}}}}}");
    }

    private BundleFile AddIndex(string path, string text)
    {
        server.Add($"{path}model.safetensors.index.json", System.Text.Encoding.UTF8.GetBytes(text));
        return new BundleFile($"{path}model.safetensors.index.json", "owner/name");
    }

    private sealed class Immediate(Action<PullProgress> report) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => report(value);
    }
}
