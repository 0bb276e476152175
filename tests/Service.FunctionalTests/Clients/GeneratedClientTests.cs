using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Clients;

/// <summary>
/// Clients that generators make of the document of a running service, as it is. Each is compiled with a small program, which uploads files,
/// watches the job to its end and saves the video.
/// </summary>
public sealed class GeneratedClientTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public Task NSwag_makes_a_client_that_uploads_watches_and_downloads() => TryAsync(
        "NSwag", "dotnet tool restore",
        "dotnet nswag openapi2csclient /input:DOCUMENT /output:Generated.cs /namespace:Generated /className:LocutorClient " +
        "/jsonLibrary:SystemTextJson /generateOptionalParameters:true",
        "dotnet build client.csproj -v quiet -o built", "dotnet built/client.dll ARGUMENTS");

    [Fact]
    public Task Kiota_makes_a_client_that_uploads_watches_and_downloads() => TryAsync(
        "Kiota", "dotnet tool restore",
        "dotnet kiota generate --language CSharp --openapi DOCUMENT --output Generated --namespace-name Generated --class-name " +
        "LocutorClient --log-level Error",
        "dotnet build client.csproj -v quiet -o built", "dotnet built/client.dll ARGUMENTS");

    [Fact]
    public Task Openapi_typescript_makes_types_for_a_program_that_uploads_watches_and_downloads() => TryAsync(
        "TypeScript", "npm install --no-audit --no-fund --silent", "npx redocly lint DOCUMENT",
        "npx openapi-typescript DOCUMENT -o generated.ts",
        "npx tsc --strict --noUncheckedIndexedAccess --target es2022 --module esnext --moduleResolution bundler --lib " +
        "es2022,dom,dom.iterable program.ts",
        "node program.js ARGUMENTS");

    /// <summary>Runs the commands; the last one is the program itself, which all generators' programs do alike.</summary>
    private async Task TryAsync(string generator, params string[] commands)
    {
        using var folder = new ClientFolder(generator);
        File.WriteAllBytes(folder.File("portrait.png"), Samples.Picture);
        File.WriteAllBytes(folder.File("voice.wav"), Samples.VoiceOfASecond);
        string arguments = $"{shared.Service.Url} {shared.Client.Key}.{shared.Client.Secret} portrait.png voice.wav video.mp4";
        string output = "";
        foreach (string command in commands)
        {
            output = await folder.RunAsync(command.Replace("DOCUMENT", shared.Service.Url + "/openapi.json", StringComparison.Ordinal)
                .Replace("ARGUMENTS", arguments, StringComparison.Ordinal));
        }

        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        lines[0].ShouldBe("refused 422 invalid_request image steps");
        lines[1].ShouldStartWith("submitted fc-");
        lines[2].ShouldBe("Succeeded seed 7 prompt A woman sings metadata 42");
        lines[3].ShouldBe("sha256 " + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.File("video.mp4")))));
        lines[4].ShouldBe("listed 1");
        using var gone = await shared.Client.Http.GetAsync($"/v1/jobs/{lines[1]["submitted ".Length..]}");
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>A folder outside the repository, as a user of the service has one.</summary>
    private sealed class ClientFolder : IDisposable
    {
        private readonly string root = Directory.CreateTempSubdirectory("locutor-client-").FullName;

        public ClientFolder(string name)
        {
            string clients = Path.Combine(AppContext.BaseDirectory, "Clients");
            foreach (string? file in Directory.GetFiles(Path.Combine(clients, name)).Append(Path.Combine(clients, "dotnet-tools.json")))
                System.IO.File.Copy(file, File(Path.GetFileName(file)));
        }

        public string File(string name) => Path.Combine(root, name);

        /// <summary>Runs a command and gives its output.</summary>
        public async Task<string> RunAsync(string command)
        {
            string[] words = command.Split(' ');
            var start = new ProcessStartInfo(words[0], words[1..])
            {
                WorkingDirectory = root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            // Generators look for newer versions of themselves, and build nodes would outlive the test.
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
    }
}
