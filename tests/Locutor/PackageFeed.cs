using System.Diagnostics;
using System.IO.Compression;
using System.Text;

[assembly: AssemblyFixture(typeof(Locutor.Front.Tests.PackageFeed))]

namespace Locutor.Front.Tests;

/// <summary>
/// The packages of this build in a folder feed. They are packed once for all tests, with a version that is in no package cache. Programs
/// are built outside the repository, so that its build files do not apply.
/// </summary>
public sealed class PackageFeed : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Lazy<Task> packed;
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-feed-").FullName;

    public PackageFeed() => packed = new(PackAsync);

    /// <summary>Version of the packages in the feed.</summary>
    public string Version { get; } = $"0.1.0-test.{Environment.ProcessId}.{DateTime.UtcNow:yyMMddHHmmss}";

    private string Feed => Path.Combine(folder, "feed");

    /// <summary>A copy of a sample whose package references take the packages of the feed.</summary>
    public async Task<string> CopyAsync(string sample)
    {
        await packed.Value;
        string from = Path.Combine(TestEnvironment.Checkout, "samples", sample),
            to = Directory.CreateDirectory(Path.Combine(folder, sample)).FullName;
        foreach (string file in Directory.EnumerateFiles(from))
        {
            string text = await File.ReadAllTextAsync(file);
            text.Contains("0.1.0", StringComparison.Ordinal).ShouldBe(
                file.EndsWith("proj", StringComparison.Ordinal) || sample == "Script",
                $"{file}: the version of the package stands in one place");
            await File.WriteAllTextAsync(
                Path.Combine(to, Path.GetFileName(file)), text.Replace("0.1.0", Version, StringComparison.Ordinal));
        }
        return to;
    }

    /// <summary>
    /// Adds a package with one native library of a few bytes to the feed, as a replacement for a package of gigabytes. Build with
    /// <see cref="OwnPackages"/>, so that it does not get into the machine's package cache.
    /// </summary>
    public void AddStandIn(string id, string version, string library)
    {
        using var package = ZipFile.Open(Path.Combine(Feed, $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        Write($"{id}.nuspec", $"<package><metadata><id>{id}</id><version>{version}</version><authors>test</authors>" +
            "<description>stand-in</description></metadata></package>");
        Write($"runtimes/linux-x64/native/{library}", "stand-in");

        void Write(string name, string text)
        {
            using var writer = new StreamWriter(package.CreateEntry(name).Open());
            writer.Write(text);
        }
    }

    /// <summary>Arguments of a build that restores into its own folder and takes available packages from the machine's cache.</summary>
    public string[] OwnPackages => [$"-p:RestorePackagesPath={Path.Combine(folder, "packages")}", $"-p:RestoreFallbackFolders={Packages}"];

    /// <summary>The file of a package, once <see cref="CopyAsync"/> was called.</summary>
    public string PathOf(string id) => Path.Combine(Feed, $"{id}.{Version}.nupkg");

    /// <summary>Runs a program in a folder and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has its output.</exception>
    public async Task<string> RunAsync(string workFolder, string program, params string[] arguments)
    {
        using var process = Start(workFolder, program, arguments);
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) => { lock (output) output.AppendLine(line.Data); };
        process.ErrorDataReceived += (_, line) => { lock (output) output.AppendLine(line.Data); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        string text = output.ToString();
        return process.ExitCode == 0
            ? text
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {text}");
    }

    /// <summary>Starts a program whose output is redirected.</summary>
    public Process Start(string workFolder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = workFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName; // a script is built there
        start.Environment["CreateHardLinksForCopyLocalIfPossible"] = "true"; // libtorch has 600 MB
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        return Process.Start(start)!;
    }

    public async ValueTask DisposeAsync()
    {
        if (packed.IsValueCreated) await packed.Value.ContinueWith(_ => { }, TaskScheduler.Default);
        foreach (string id in (string[])["locutor", "locutor.service", "locutor.backend.cuda12"])
        {
            string cached = Path.Combine(Packages, id, Version);
            if (Directory.Exists(cached)) Directory.Delete(cached, recursive: true);
        }
        Directory.Delete(folder, recursive: true);
    }

    private static string Packages =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private async Task PackAsync()
    {
        foreach (string project in (string[])["Locutor", "AspNetCore"])
        {
            await RunAsync(
                TestEnvironment.Checkout, "dotnet", "pack", Path.Combine("src", project), "-c", "Release", "--no-build", "--no-restore",
                "-v", "quiet", $"-p:PackageVersion={Version}", "-o", Feed);
        }

        // The package has no code and is made from a nuspec, so it needs no build.
        await RunAsync(
            TestEnvironment.Checkout, "dotnet", "pack", Path.Combine("eng", "package", "Cuda12"), "-c", "Release", "-v", "quiet",
            $"-p:PackageVersion={Version}", "-o", Feed);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"),
            $"<configuration><packageSources><add key=\"feed\" value=\"{Feed}\" /></packageSources></configuration>");
    }
}
