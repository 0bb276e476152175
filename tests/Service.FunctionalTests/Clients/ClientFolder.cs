using System.Diagnostics;

namespace Locutor.Service.FunctionalTests.Clients;

/// <summary>A folder outside the repository, as a user of the service has one, with the programs over generated clients.</summary>
public sealed class ClientFolder : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly string Source = Path.Combine(AppContext.BaseDirectory, "Clients");

    private readonly string root = Directory.CreateTempSubdirectory("locutor-client-").FullName;
    private Task? built;

    public ClientFolder()
    {
        foreach (string file in Directory.GetFiles(Source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(root, Path.GetRelativePath(Source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public string At(string generator, string name) => Path.Combine(root, generator, name);

    /// <summary>
    /// Generates both clients in C# and compiles their programs together, because starting the build takes as long as building one of them.
    /// </summary>
    public Task BuildAsync(string document) => built ??= GenerateAsync(document);

    /// <summary>Runs a command in the folder of a generator and returns its output.</summary>
    public async Task<string> RunAsync(string generator, string command)
    {
        string[] words = command.Split(' ');
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            WorkingDirectory = Path.Combine(root, generator),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Switches off the generators' search for new versions, and build processes that would outlive the test.
        foreach (var (variable, value) in
                new[]
                {
                    ("KIOTA_OFFLINE_ENABLED", "true"), ("KIOTA_CLI_TELEMETRY_OPTOUT", "1"), ("MSBUILDDISABLENODEREUSE", "1"),
                })
        {
            start.Environment[variable] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        process.ExitCode.ShouldBe(0, $"{command}\n{await output}\n{await error}");
        return await output;
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private async Task GenerateAsync(string document)
    {
        await RunAsync("", "dotnet tool restore");
        await RunAsync(
            "NSwag",
            $"dotnet nswag openapi2csclient /input:{document} /output:Generated.cs /namespace:Generated /className:LocutorClient " +
            "/jsonLibrary:SystemTextJson /generateOptionalParameters:true");
        await RunAsync(
            "Kiota",
            $"dotnet kiota generate --language CSharp --openapi {document} --output Generated --namespace-name Generated --class-name " +
            "LocutorClient --log-level Error");
        await RunAsync("", "dotnet build clients.slnx -v quiet -m:1 -p:RunAnalyzers=false");
    }
}
