using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Locutor.Tests;

/// <summary>
/// A server with OpenAI's API <c>/v1/audio/speech</c> that uses espeak-ng. It is the test program, started again with the argument
/// <see cref="Argument"/>. Some voices cause errors on purpose.
/// </summary>
public sealed class SpeechServerProcess : IDisposable
{
    public const string Argument = "speech-server";
    public const string Key = "sk-test-4711";

    private const int LongestInput = 4096;

    private static readonly Dictionary<string, string> Voices = new(StringComparer.Ordinal)
    {
        ["alloy"] = "en-us",
        ["nova"] = "en-us+f3",
        ["hans"] = "de",
    };

    private readonly Process process;

    private SpeechServerProcess(Process process, Uri address) => (this.process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>Starts the running test program again as a server, and waits until it listens.</summary>
    public static async Task<SpeechServerProcess> StartAsync()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Argument])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        var process = Process.Start(start)!;
        string? address = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return new SpeechServerProcess(process, new Uri(address!));
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>The server itself: prints its address and serves until its standard input ends.</summary>
    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.MapPost("/v1/audio/speech", SpeakAsync);
        app.MapGet("/v1/audio/voices", (HttpContext context) => IsKnown(context)
            ? Results.Json(new { voices = Voices.Keys })
            : Results.Json(new { error = new { message = "Incorrect API key provided" } }, statusCode: 401));
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static bool IsKnown(HttpContext context) => context.Request.Headers.Authorization == $"Bearer {Key}";

    private static async Task SpeakAsync(HttpContext context)
    {
        using var json = await JsonDocument.ParseAsync(context.Request.Body);
        string Text(string name) => json.RootElement.GetProperty(name).GetString()!;
        if (!IsKnown(context)) await RefuseAsync(context, 401, "Incorrect API key provided: " + context.Request.Headers.Authorization);
        else if (Text("model") != "tts-1") await RefuseAsync(context, 400, "no such model");
        else if (Text("input").Length is 0 or > LongestInput) await RefuseAsync(context, 400, "input is too long");
        else if (Text("response_format") != "wav") await RefuseAsync(context, 400, "no such format");
        else if (Voices.TryGetValue(Text("voice"), out string? voice)) await AnswerAsync(context, voice, Text("input"));
        else await MisbehaveAsync(context, Text("voice"));
    }

    private static async Task AnswerAsync(HttpContext context, string voice, string input)
    {
        using var espeak = Process.Start(
            new ProcessStartInfo("espeak-ng", ["-v", voice, "--stdin", "--stdout"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        await espeak.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(input));
        espeak.StandardInput.Close();
        context.Response.ContentType = "audio/wav";
        await espeak.StandardOutput.BaseStream.CopyToAsync(context.Response.Body);
        await espeak.WaitForExitAsync();
    }

    private static async Task MisbehaveAsync(HttpContext context, string voice)
    {
        switch (voice)
        {
            case "sleeping":
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
            case "endless":
                byte[] noise = new byte[1 << 16];
                while (true) await context.Response.Body.WriteAsync(noise, context.RequestAborted);
            case "moved":
                context.Response.Redirect("http://127.0.0.1:9/v1/audio/speech");
                break;
            case "mute":
                context.Response.ContentType = "audio/wav";
                await context.Response.WriteAsync("<html>this is no sound</html>");
                break;
            default:
                await RefuseAsync(context, 400, "no such voice\u001b[31m");
                break;
        }
    }

    private static async Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(new { error = new { message } });
    }
}
