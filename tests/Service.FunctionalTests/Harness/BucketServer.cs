using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Locutor.Service.Files;
using Locutor.Service.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// A server for the part of the S3 protocol that one bucket needs, over a real socket. It checks the signature (version 4, implemented
/// here independently from the documentation) and the hash of every body, and refuses requests where they are wrong.
/// </summary>
public sealed class BucketServer : IAsyncDisposable
{
    public const string Bucket = "videos", Region = "nowhere-1", AccessKey = "AKTEST", SecretKey = "a secret/with+signs";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<int, byte[]> parts = new();
    private int refused;

    private BucketServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public ConcurrentDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>When objects were written; those that are not named here just now.</summary>
    public ConcurrentDictionary<string, DateTime> Written { get; } = new(StringComparer.Ordinal);

    /// <summary>Options of a service that keeps its files here, under a prefix.</summary>
    public string[] Settings(string secret = SecretKey) =>
    [
        "--set", $"s3_bucket={Bucket}", "--set", $"s3_endpoint={Url}", "--set", $"s3_region={Region}", "--set", "s3_prefix=some place",
        "--set", $"s3_access_key={AccessKey}", "--set", $"s3_secret_key={secret}",
    ];

    /// <summary>The store of a service that keeps its files here.</summary>
    public (S3Store Store, DataFolder Folder) StoreOf(string data)
    {
        var settings = Settings().Where(word => word != "--set").Select(word => word.Split('=', 2))
            .Aggregate(new ServeSettings(), (all, pair) => SettingsTable.Apply(all, pair[0], pair[1]));
        var folder = new DataFolder(settings with { Data = data });
        return (new S3Store(folder, settings), folder);
    }

    /// <summary>Requests whose signature or hash was wrong.</summary>
    public int Refused => Volatile.Read(ref refused);

    public string Url => app.Urls.First();

    public static async Task<BucketServer> StartAsync()
    {
        var server = new BucketServer();
        await server.app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        byte[] bytes = body.ToArray();
        string path = context.Request.Path.Value!;
        if (!IsSigned(context.Request, bytes))
        {
            Interlocked.Increment(ref refused);
            await XmlAsync(context, 403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
        }
        else if (path.TrimEnd('/') == "/" + Bucket && context.Request.Method == "GET")
        {
            await ListAsync(context, context.Request.Query["prefix"].ToString());
        }
        else if (!path.StartsWith($"/{Bucket}/", StringComparison.Ordinal))
        {
            await XmlAsync(context, 404, "<Error><Code>NoSuchBucket</Code></Error>");
        }
        else
        {
            await ObjectAsync(context, path[(Bucket.Length + 2)..], bytes);
        }
    }

    private async Task ObjectAsync(HttpContext context, string key, byte[] bytes)
    {
        switch (context.Request.Method)
        {
            case "POST":
                await PartsAsync(context, key);
                return;
            case "PUT":
                if (context.Request.Query.TryGetValue("partNumber", out var number))
                    parts[int.Parse(number!, CultureInfo.InvariantCulture)] = bytes;
                else
                    Objects[key] = bytes;
                context.Response.Headers.ETag = "\"" + Convert.ToHexStringLower(SHA256.HashData(bytes))[..32] + "\"";
                return;
            case "DELETE":
                Objects.TryRemove(key, out _);
                context.Response.StatusCode = 204;
                return;
        }
        if (!Objects.TryGetValue(key, out byte[]? stored))
        {
            await XmlAsync(context, 404, "<Error><Code>NoSuchKey</Code></Error>");
            return;
        }
        var (from, to) = (0, stored.Length - 1);
        if (context.Request.GetTypedHeaders().Range?.Ranges.Single() is { } range)
        {
            (from, to) = ((int)(range.From ?? 0), (int)Math.Min(range.To ?? to, to));
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{stored.Length}");
        }
        context.Response.ContentLength = to - from + 1;
        if (context.Request.Method == "GET")
            await context.Response.Body.WriteAsync(stored.AsMemory(from, to - from + 1));
    }

    /// <summary>The beginning and the end of an object that is sent in parts; one at a time.</summary>
    private Task PartsAsync(HttpContext context, string key)
    {
        if (context.Request.Query.ContainsKey("uploads"))
        {
            parts.Clear();
            return XmlAsync(
                context, 200,
                $"<InitiateMultipartUploadResult><Bucket>{Bucket}</Bucket>" +
                $"<Key>{WebUtility.HtmlEncode(key)}</Key><UploadId>one</UploadId></InitiateMultipartUploadResult>");
        }
        Objects[key] = parts.OrderBy(part => part.Key).SelectMany(part => part.Value).ToArray();
        return XmlAsync(
            context, 200,
            $"<CompleteMultipartUploadResult><Bucket>{Bucket}</Bucket>" +
            $"<Key>{WebUtility.HtmlEncode(key)}</Key><ETag>\"one\"</ETag></CompleteMultipartUploadResult>");
    }

    private Task ListAsync(HttpContext context, string prefix)
    {
        string[] keys = Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        string contents = string.Concat(keys.Select(key =>
            $"<Contents><Key>{WebUtility.HtmlEncode(key)}</Key>" +
            $"<LastModified>{Written.GetValueOrDefault(key, DateTime.UtcNow):yyyy-MM-ddTHH:mm:ss.000Z}</LastModified>" +
            $"<Size>{Objects[key].Length}</Size></Contents>"));
        return XmlAsync(
            context, 200,
            $"<ListBucketResult><Name>{Bucket}</Name>" +
            $"<KeyCount>{keys.Length}</KeyCount><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
    }

    private static Task XmlAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        return context.Request.Method == "HEAD" ? Task.CompletedTask : context.Response.WriteAsync(text);
    }

    private static bool IsSigned(HttpRequest request, byte[] body)
    {
        string given = request.Headers.Authorization.ToString();
        if (!given.StartsWith("AWS4-HMAC-SHA256 ", StringComparison.Ordinal))
            return false;
        var parts = given[17..].Split(',').Select(part => part.Trim().Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        string[] scope = parts["Credential"].Split('/');
        string hash = request.Headers["x-amz-content-sha256"].ToString();
        if (scope is not [AccessKey, _, Region, "s3", "aws4_request"] || hash != Convert.ToHexStringLower(SHA256.HashData(body)))
            return false;
        string query = string.Join(
            '&',
            request.Query.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value.ToString())}")
                .Order(StringComparer.Ordinal));
        string headers = string.Concat(
            parts["SignedHeaders"].Split(';').Select(name => $"{name}:{request.Headers[name].ToString().Trim()}\n"));
        string path = string.Join('/', request.Path.Value!.Split('/').Select(Uri.EscapeDataString));
        string canonical = $"{request.Method}\n{path}\n{query}\n{headers}\n{parts["SignedHeaders"]}\n{hash}";
        string text =
            $"AWS4-HMAC-SHA256\n{request.Headers["x-amz-date"]}\n{string.Join('/', scope[1..])}\n" +
            $"{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = scope[1..].Aggregate(
            Encoding.UTF8.GetBytes("AWS4" + SecretKey), (current, word) => HMACSHA256.HashData(current, Encoding.UTF8.GetBytes(word)));
        return Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))) == parts["Signature"];
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
