using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Locutor.Tests;

/// <summary>
/// A real web server with the hub's API for downloads: resolve, with a redirect of large files to a content host (another port, which must
/// not see the token), ETags, X-Linked-Size and X-Linked-Etag, ranges, and faults on demand.
/// </summary>
public sealed class HubServer : IAsyncDisposable
{
    private readonly WebApplication hub, content;
    private readonly Dictionary<string, (byte[] Bytes, string Sha256)> files = new(StringComparer.Ordinal);
    private long bytesSent;

    private HubServer(WebApplication hub, WebApplication content) => (this.hub, this.content) = (hub, content);

    public Uri Address => new(Url(hub));

    /// <summary>Bytes of content written to clients.</summary>
    public long BytesSent => Interlocked.Read(ref bytesSent);

    /// <summary>Called before every answer; returns true if it has answered. The flag is true for requests to the content host.</summary>
    public Func<HttpContext, bool, Task<bool>> Fault { get; set; } = (_, _) => Task.FromResult(false);

    public int BytesPerSecond { get; set; } = int.MaxValue;

    public List<string> Requests { get; } = [];

    public string? NeededToken { get; set; }

    public static async Task<HubServer> StartAsync()
    {
        var server = new HubServer(Build(), Build());
        server.hub.Map("/{owner}/{name}/resolve/{revision}/{**path}", server.ResolveAsync);
        server.content.Map("/blob/{hash}", server.ContentAsync);
        await server.content.StartAsync();
        await server.hub.StartAsync();
        return server;
    }

    /// <summary>Publishes a file of owner/name; small ones are served by the hub itself.</summary>
    public string Add(string path, byte[] bytes)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        files[path] = (bytes, hash);
        return hash;
    }

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        await content.DisposeAsync();
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder.Build();
    }

    private static string Url(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    private async Task ResolveAsync(HttpContext context)
    {
        string path = (string)context.Request.RouteValues["path"]!;
        lock (Requests) Requests.Add($"{context.Request.Method} {path} {context.Request.Headers.Range}");
        if (await Fault(context, false)) return;
        if (NeededToken is not null && context.Request.Headers.Authorization != $"Bearer {NeededToken}")
        {
            context.Response.StatusCode = 401;
            return;
        }
        if (!files.TryGetValue(path, out var file))
        {
            context.Response.Headers["X-Error-Code"] = "EntryNotFound";
            context.Response.StatusCode = 404;
            return;
        }
        context.Response.Headers["X-Repo-Commit"] = "0123456789abcdef0123456789abcdef01234567";
        var (bytes, hash) = file;
        if (bytes.Length < 1000)
        {
            // for small files, the hub sends a git hash of 40 digits
            context.Response.Headers.ETag = $"\"{hash[..40]}\"";
            await SendAsync(context, bytes);
            return;
        }
        context.Response.Headers["X-Linked-Size"] = $"{bytes.Length}";
        context.Response.Headers["X-Linked-Etag"] = $"\"{hash}\"";
        context.Response.Redirect($"{Url(content)}/blob/{hash}?signature={Uri.EscapeDataString(path)}");
    }

    private async Task ContentAsync(HttpContext context)
    {
        if (await Fault(context, true)) return;
        if (context.Request.Headers.Authorization.Count > 0)
        {
            context.Response.StatusCode = 400;
            return;
        }
        await SendAsync(context, files[context.Request.Query["signature"]!].Bytes);
    }

    private async Task SendAsync(HttpContext context, byte[] bytes)
    {
        var (first, end) = (0L, (long)bytes.Length);
        if (context.Request.GetTypedHeaders().Range?.Ranges.Single() is { } range)
        {
            (first, end) = (range.From!.Value, range.To!.Value + 1);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {first}-{end - 1}/{bytes.Length}";
        }
        context.Response.ContentLength = end - first;
        if (context.Request.Method == "HEAD") return;
        const int Part = 32 << 10;
        long start = TimeProvider.System.GetTimestamp();
        for (long place = first; place < end; place += Part)
        {
            int count = (int)Math.Min(Part, end - place);
            await context.Response.Body.WriteAsync(bytes.AsMemory((int)place, count), context.RequestAborted);
            Interlocked.Add(ref bytesSent, count);
            double ahead = (double)(place + count - first) / BytesPerSecond - TimeProvider.System.GetElapsedTime(start).TotalSeconds;
            if (ahead > 0.005) await Task.Delay(TimeSpan.FromSeconds(ahead), context.RequestAborted);
        }
    }
}
