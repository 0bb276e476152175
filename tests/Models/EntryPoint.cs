using Locutor.Models.Hub;
using Locutor.Models.Store;

namespace Locutor.Models.Tests;

/// <summary>Runs the tests, or, as <c>pull MIRROR FOLDER SHA256</c>, one pull for another process to kill.</summary>
public static class EntryPoint
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["pull", var mirror, var folder, var sha256])
            return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
        var store = new ModelStore(
            folder, new HubOptions { Mirrors = [new Uri(mirror)], Connections = 2, FirstDelay = TimeSpan.FromMilliseconds(50) });
        return await store.PullAsync([new BundleFile("big.bin", "owner/name", Sha256: sha256)], null, CancellationToken.None);
    }
}
