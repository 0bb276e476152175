using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Locutor.Models;
using Locutor.Models.Hub;
using Locutor.Models.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

// Measures the rate of a download from a web server on this machine: by the model store, which verifies the hash, and by curl.
// dotnet run -c Release --project bench/Pulling -- [MiB]
int mebibytes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2048;
string folder = Directory.CreateTempSubdirectory("locutor-pulling-").FullName, source = Path.Combine(folder, "source.bin");
try
{
    string hash = WriteSource(source, mebibytes);
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ClearProviders();
    builder.WebHost.UseUrls("http://127.0.0.1:0");
    await using var server = builder.Build();
    server.MapMethods(
        "/{owner}/{name}/resolve/{revision}/{path}", ["GET", "HEAD"],
        () => Results.File(source, "application/octet-stream", enableRangeProcessing: true));
    await server.StartAsync();
    var address = new Uri(server.Urls.Single());
    for (int round = 0; round < 3; round++)
    {
        double curl = await CurlAsync(new Uri(address, "owner/name/resolve/main/source.bin"), Path.Combine(folder, "curl.bin"));
        double store = await StoreAsync(address, Path.Combine(folder, $"store{round}"), hash);
        double rate = mebibytes / 1024.0;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"curl {rate / curl:F2} GiB/s, store with SHA-256 {rate / store:F2} GiB/s: {curl / store:F2} of curl"));
        Directory.Delete(Path.Combine(folder, $"store{round}"), true);
    }
}
finally
{
    Directory.Delete(folder, true);
}

static string WriteSource(string path, int mebibytes)
{
    using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    using var file = File.Create(path);
    byte[] bytes = new byte[1 << 20];
    var random = new Random(1);
    for (int i = 0; i < mebibytes; i++)
    {
        random.NextBytes(bytes);
        hash.AppendData(bytes);
        file.Write(bytes);
    }
    return Convert.ToHexStringLower(hash.GetHashAndReset());
}

static async Task<double> CurlAsync(Uri address, string to)
{
    long start = Stopwatch.GetTimestamp();
    using var curl = Process.Start("curl", ["-s", "-o", to, address.AbsoluteUri]);
    await curl.WaitForExitAsync();
    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    File.Delete(to);
    return seconds;
}

static async Task<double> StoreAsync(Uri address, string folder, string hash)
{
    var store = new ModelStore(folder, new HubOptions { Mirrors = [address] });
    long start = Stopwatch.GetTimestamp();
    await store.PullAsync([new BundleFile("source.bin", "owner/name", Sha256: hash)], null, CancellationToken.None);
    return Stopwatch.GetElapsedTime(start).TotalSeconds;
}
