using System.Diagnostics;
using System.Security.Cryptography;
using Locutor.Models.Store;

namespace Locutor.Models.Tests.Store;

/// <summary>Downloads that are shared, stopped and killed.</summary>
public sealed partial class ModelStoreTests
{
    [Fact]
    public async Task Two_pulls_at_once_share_one_download()
    {
        server.BytesPerSecond = 4 << 20;
        byte[] bytes = Bytes(8 << 20);
        var file = new BundleFile("a.bin", "owner/name", Sha256: server.Add("a.bin", bytes));
        ModelStore one = new(folder, options), two = new(folder, options);
        int[] fetched = await Task.WhenAll(one.PullAsync([file], null, Stop), two.PullAsync([file], null, Stop));
        fetched.Sum().ShouldBe(1);
        server.BytesSent.ShouldBe(bytes.Length);
    }

    [Fact]
    public async Task A_stopped_pull_is_resumed()
    {
        server.BytesPerSecond = 1 << 20; // for each of four connections
        byte[] bytes = Bytes(32 << 20);
        var file = new BundleFile("a.bin", "owner/name", Sha256: server.Add("a.bin", bytes));
        var store = new ModelStore(folder, options);
        for (int i = 0; i < 4; i++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            long before = server.BytesSent;
            var pull = store.PullAsync([file], null, stop.Token);
            while (server.BytesSent - before < 2 << 20 && !pull.IsCompleted) await Task.Delay(5, Stop);
            await stop.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(pull);
        }
        server.BytesPerSecond = int.MaxValue;
        await store.PullAsync([file], null, Stop);
        File.ReadAllBytes(store.Find(file)!).ShouldBe(bytes);
        server.BytesSent.ShouldBeLessThan((long)(bytes.Length * 1.3)); // 4 cut connections lose the bytes in their buffers
    }

    [Fact]
    public async Task A_pull_that_is_killed_often_gives_the_whole_file_and_fetches_little_twice()
    {
        int kills = TestEnvironment.Long ? 20 : 6;
        byte[] bytes = Bytes(kills * 16 << 20); // less than 1 MiB is fetched again for each kill
        string hash = server.Add("big.bin", bytes);
        server.BytesPerSecond = 8 << 20;
        for (int i = 0; i < kills; i++)
        {
            using var process = Pull(hash);
            long before = server.BytesSent, enough = (long)((5 << 20) * (0.5 + new Random(seed + i).NextDouble()));
            while (server.BytesSent - before < enough && !process.HasExited) await Task.Delay(5, Stop);
            process.HasExited.ShouldBeFalse($"kill {i}: the pull ended too early");
            process.Kill();
            await process.WaitForExitAsync(Stop);
        }
        server.BytesPerSecond = int.MaxValue;
        using (var last = Pull(hash))
        {
            await last.WaitForExitAsync(Stop);
            last.ExitCode.ShouldBe(1, "one file fetched");
        }
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "owner--name", "main", "big.bin")))).ShouldBe(hash);
        // On a busy machine, a killed process loses the bytes in its connections' buffers. Without resuming the ratio would be 1.3.
        ((double)server.BytesSent / bytes.Length).ShouldBeLessThan(1.25);
        TestContext.Current.TestOutputHelper?.WriteLine($"sent {(double)server.BytesSent / bytes.Length:F4} of the file's size");
    }

    private Process Pull(string hash) =>
        Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, ["pull", server.Address.AbsoluteUri, folder, hash])
        { RedirectStandardError = false })!;
}
