using System.Security.Cryptography;
using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Generation.Preparation;
using Locutor.Models;
using Locutor.Models.Hub;
using Locutor.Models.Store;

namespace Locutor.Generation.Tests.Preparation;

public sealed class PreparedFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-prepared-").FullName;
    private readonly ModelStore store;
    private readonly PreparedFiles prepared;
    private readonly Bundle bundle = BundleJson.Read(Path.Combine(TestEnvironment.Checkout, "models", "infinitetalk-480p", "bundle.json"));

    public PreparedFilesTests()
    {
        store = new ModelStore(
            Path.Combine(folder, "store"), new HubOptions { Offline = true, CacheFolder = Path.Combine(folder, "cache") });
        prepared = new PreparedFiles(store);
    }

    [Fact]
    public async Task A_prepared_file_is_used_while_its_sources_are_the_same_or_gone()
    {
        var adapters = bundle.Presets["fusionix"].Adapters;
        string[] paths = [.. bundle.Networks.Transformer.Files.Concat(adapters.Select(a => a.File)).Select(Source)];
        await PrepareAsync(adapters, WeightPrecision.Float8);

        prepared.Find(
            new(bundle, folder, store), NetworkKind.Transformer, adapters,
            [WeightPrecision.BFloat16, WeightPrecision.Float8])!.Precision.ShouldBe(WeightPrecision.Float8);
        prepared.OnDisk(bundle).Single().ShouldContain("transformer-float8-");
        Found(adapters).ShouldBeTrue();
        Found([]).ShouldBeFalse("another combination is another file");
        Found([adapters[0] with { Strength = 0.5 }]).ShouldBeFalse();
        File.Delete(paths[0]);
        Found(adapters).ShouldBeTrue("a source that was taken away");
        File.AppendAllText(paths[1], "more");
        Found(adapters).ShouldBeFalse("a source of another length");
        File.WriteAllText(paths[1], Content(1));
        File.SetLastWriteTimeUtc(paths[1], DateTime.UtcNow.AddHours(1));
        Found(adapters).ShouldBeFalse("a source written since, of which nobody has noted the hash");
        await File.WriteAllTextAsync(
            paths[1] + ".receipt", $$"""{"Size":{{Content(1).Length}},"Sha256":"{{Hash(Content(1))}}","ETag":null,"Commit":null}""",
            TestContext.Current.CancellationToken);
        Found(adapters).ShouldBeTrue("fetched again, and the same");
    }

    [Fact]
    public async Task A_cut_or_foreign_file_is_not_used()
    {
        foreach (var file in bundle.Networks.Transformer.Files) Source(file);
        string path = await PrepareAsync([], WeightPrecision.Float8);
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(path, bytes[..^1], TestContext.Current.CancellationToken);
        Found([]).ShouldBeFalse();
        SafetensorsWriter.Write(path, []);
        Found([]).ShouldBeFalse();
    }

    public void Dispose() => Directory.Delete(folder, true);

    private bool Found(IReadOnlyList<BundleAdapter> adapters) =>
        prepared.Find(new(bundle, folder, store), NetworkKind.Transformer, adapters, [WeightPrecision.Float8]) is not null;

    private string Source(BundleFile file)
    {
        string path = store.PathInStore(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, Content(1));
        return path;
    }

    private static string Content(int i) => new('x', 100 + i);

    private static string Hash(string content) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(content)));

    private async Task<string> PrepareAsync(IReadOnlyList<BundleAdapter> adapters, WeightPrecision precision)
    {
        (string, string, double?)[] sources =
        [
            .. bundle.Networks.Transformer.Files.Select(f => (PreparedFiles.Name(f), store.PathInStore(f), (double?)null)),
            .. adapters.Select(a => (PreparedFiles.Name(a.File), store.PathInStore(a.File), (double?)a.Strength))
        ];
        var contents = await PreparedFiles.DescribeAsync(sources, "transformer", precision, null, TestContext.Current.CancellationToken);
        contents.Sources.ShouldAllBe(source => source.Sha256 == Hash(Content(1)));
        string path = prepared.PathOf(bundle, NetworkKind.Transformer, adapters, precision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var writer = new ResumableWriter(path, contents.Identity, [new("a", ElementType.Int8, [3])], contents.ToMetadata());
        writer.Append("a", [1, 2, 3]);
        writer.Complete();
        return path;
    }
}
