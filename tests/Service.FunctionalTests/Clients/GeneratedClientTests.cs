using System.Net;
using System.Security.Cryptography;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Clients;

/// <summary>
/// Clients that generators make from the unchanged OpenAPI document of a running service. Each is compiled with a small program, which
/// uploads files, watches the job to its end and saves the video.
/// </summary>
public sealed class GeneratedClientTests(SharedService shared, ClientFolder folder)
    : IClassFixture<SharedService>, IClassFixture<ClientFolder>
{
    private string Document => shared.Service.Url + "/openapi.json";

    [Fact]
    public async Task NSwag_makes_a_client_that_uploads_watches_and_downloads()
    {
        await folder.BuildAsync(Document);
        await TryAsync("NSwag", "dotnet bin/Debug/net10.0/nswag.dll");
    }

    [Fact]
    public async Task Kiota_makes_a_client_that_uploads_watches_and_downloads()
    {
        await folder.BuildAsync(Document);
        await TryAsync("Kiota", "dotnet bin/Debug/net10.0/kiota.dll");
    }

    [Fact]
    public async Task Openapi_typescript_makes_types_for_a_program_that_uploads_watches_and_downloads()
    {
        foreach (string command in new[]
        {
            "npm install --no-audit --no-fund --silent", $"node node_modules/.bin/redocly lint {Document}",
            $"node node_modules/.bin/openapi-typescript {Document} -o generated.ts",
            "node node_modules/.bin/tsc --strict --noUncheckedIndexedAccess --skipLibCheck --target es2022 --module esnext " +
            "--moduleResolution bundler --lib es2022,dom,dom.iterable program.ts",
        })
        {
            await folder.RunAsync("TypeScript", command);
        }
        await TryAsync("TypeScript", "node program.js");
    }

    /// <summary>Runs a program, which all generators' programs do alike.</summary>
    private async Task TryAsync(string generator, string program)
    {
        File.WriteAllBytes(folder.At(generator, "portrait.png"), Samples.Picture);
        File.WriteAllBytes(folder.At(generator, "voice.wav"), Samples.VoiceOfASecond);
        string output = await folder.RunAsync(
            generator,
            $"{program} {shared.Service.Url} {shared.Client.Key}.{shared.Client.Secret} portrait.png voice.wav video.mp4");

        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        lines[0].ShouldBe("refused 422 invalid_request image steps");
        lines[1].ShouldStartWith("submitted fc-");
        lines[2].ShouldBe("Succeeded seed 7 prompt A woman sings metadata 42");
        lines[3].ShouldBe("sha256 " + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.At(generator, "video.mp4")))));
        lines[4].ShouldBe("listed 1");
        using var gone = await shared.Client.Http.GetAsync($"/v1/jobs/{lines[1]["submitted ".Length..]}");
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
