using System.Diagnostics;
using System.IO.Compression;
using System.Text;

[assembly: AssemblyFixture(typeof(Locutor.Front.Tests.PackageFeed))]

namespace Locutor.Front.Tests;

/// <summary>
/// The packages of this build in a folder feed, and the samples built with them. Both are made once for all tests, with a version that is
/// in no package cache and with a package cache of their own. Programs are built outside the repository, so that its build files do not
/// apply.
/// </summary>
public sealed class PackageFeed : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Lazy<Task> packed, built;
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-feed-").FullName;

    public PackageFeed() => (packed, built) = (new(PackAsync), new(BuildAsync));

    /// <summary>Version of the packages in the feed.</summary>
    public string Version { get; } = $"0.1.0-test.{Environment.ProcessId}.{DateTime.UtcNow:yyMMddHHmmss}";

    private string Feed => Path.Combine(folder, "feed");

    /// <summary>Identifies the compiler process that the builds share; it ends with the tests.</summary>
    private string Compiler => $"locutor-{Path.GetFileName(folder)}";

    /// <summary>
    /// The folder of a built sample: Console, ConsoleWithoutTorch (its backend is none), ConsoleForCuda (it refers to the package for CUDA)
    /// or AspNetCore.
    /// </summary>
    public async Task<string> BuiltAsync(string sample)
    {
        await built.Value;
        return Path.Combine(folder, sample);
    }

    /// <summary>A copy of a sample whose package references take the packages of the feed.</summary>
    public async Task<string> CopyAsync(string sample, string? name = null)
    {
        await packed.Value;
        string from = Path.Combine(TestEnvironment.Checkout, "samples", sample),
            to = Directory.CreateDirectory(Path.Combine(folder, name ?? sample)).FullName;
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
        start.Environment["UseSharedCompilation"] = "true";
        start.Environment["SharedCompilationId"] = Compiler;
        start.Environment.Remove("NUGET_PACKAGES"); // it would replace the cache that nuget.config names
        return Process.Start(start)!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var work in new[] { packed, built })
            if (work.IsValueCreated) await work.Value.ContinueWith(_ => { }, TaskScheduler.Default);
        EndCompiler();
        Directory.Delete(folder, recursive: true);
    }

    private void EndCompiler()
    {
        foreach (var compiler in Process.GetProcessesByName("VBCSCompiler"))
        {
            try
            {
                string arguments = File.ReadAllText($"/proc/{compiler.Id}/cmdline");
                if (arguments.Contains($"-pipename:{Compiler}\0", StringComparison.Ordinal)) compiler.Kill();
            }
            catch (IOException)
            {
                // another one, which has ended meanwhile
            }
            compiler.Dispose();
        }
    }

    private static string Packages =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>One process packs all: each start of the build program takes two seconds of CPU time.</summary>
    private async Task PackAsync()
    {
        string source = Path.Combine(TestEnvironment.Checkout, "src"),
            cuda = Path.Combine(TestEnvironment.Checkout, "eng", "package", "Cuda12", "Locutor.Backend.Cuda12.csproj");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "packages.proj"), $"""
            <Project>
              <Target Name="Pack">
                <!-- It is not part of the solution, so nothing has restored it. -->
                <MSBuild Projects="{cuda}" Targets="Restore" Properties="NoBuild=false" />
                <MSBuild Projects="{source}/Locutor/Locutor.csproj;{source}/AspNetCore/Locutor.AspNetCore.csproj;{cuda}" Targets="Pack" />
              </Target>
            </Project>
            """);
        await RunAsync(
            folder, "dotnet", "pack", "packages.proj", "-c", "Release", "--no-build", "-v", "quiet", $"-p:PackageVersion={Version}",
            "-o", Feed);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="feed" value="{Feed}" /></packageSources>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <fallbackPackageFolders><add key="machine" value="{Packages}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    /// <summary>One process restores and builds all samples that are projects, with one compiler.</summary>
    private async Task BuildAsync()
    {
        await CopyAsync("Console");
        await CopyAsync("AspNetCore");
        await VaryAsync("ConsoleWithoutTorch", "<PropertyGroup>", "<PropertyGroup><LocutorBackend>none</LocutorBackend>");
        await VaryAsync("ConsoleForCuda", "\"Locutor\"", "\"Locutor.Backend.Cuda12\"");
        AddStandIn("libtorch-cuda-12.8-linux-x64", "2.10.0", "libtorch_cuda.so");
        string[] names = ["Console", "ConsoleWithoutTorch", "ConsoleForCuda", "AspNetCore"];
        await File.WriteAllTextAsync(
            Path.Combine(folder, "samples.slnx"),
            $"<Solution>{string.Concat(names.Select(name => $"<Project Path=\"{name}/{name}.csproj\" />"))}</Solution>");
        await RunAsync(folder, "dotnet", "build", "samples.slnx", "-c", "Release", "-v", "quiet", "-maxCpuCount:1");
    }

    /// <summary>A copy of the console sample with one change in its project.</summary>
    private async Task VaryAsync(string name, string before, string after)
    {
        string copy = await CopyAsync("Console", name), project = Path.Combine(copy, $"{name}.csproj");
        File.Move(Path.Combine(copy, "Console.csproj"), project); // the projects of a solution have different names
        string text = await File.ReadAllTextAsync(project);
        text.ShouldContain(before);
        await File.WriteAllTextAsync(project, text.Replace(before, after, StringComparison.Ordinal));
    }

    /// <summary>
    /// Adds a package with one native library of a few bytes to the feed, as a replacement for a package of gigabytes. It gets into the
    /// tests' own package cache only.
    /// </summary>
    private void AddStandIn(string id, string version, string library)
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
}
