using System.Buffers;
using System.Net;
using System.Text;
using Locutor.Jobs.Records;
using Locutor.Service.Settings;

namespace Locutor.Service.Inputs;

/// <summary>
/// Fetches files from http, https and data URLs of users. It checks the address of every redirect and limits size and time.
/// </summary>
public sealed class UrlFetcher : IDisposable
{
    private const int MostHops = 5;

    private readonly HttpMessageInvoker client;
    private readonly TimeSpan total;
    private readonly TimeSpan idle;
    private readonly long mostBytes;

    public UrlFetcher(AddressGuard guard, ServeSettings settings)
    {
        total = TimeSpan.FromSeconds(settings.FetchSeconds);
        idle = TimeSpan.FromSeconds(settings.FetchIdleSeconds);
        mostBytes = (long)(settings.MaxInputMb * 1e6);
        client = new HttpMessageInvoker(Handler(guard, DecompressionMethods.All));
    }

    /// <summary>
    /// Creates an HTTP handler whose connections are all checked by the guard. It uses no proxy, follows no redirects and keeps no
    /// cookies.
    /// </summary>
    public static SocketsHttpHandler Handler(AddressGuard guard, DecompressionMethods decompression) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = decompression,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        // A reused connection would skip the check of the address.
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 64,
        ConnectCallback = (context, cancellationToken) => guard.ConnectAsync(context.DnsEndPoint, cancellationToken),
    };

    /// <summary>Fetches the file of <paramref name="url"/> and writes it to <paramref name="target"/>.</summary>
    /// <exception cref="InputException">
    /// The file cannot be fetched, its address is not allowed, it is too large or it takes too long.
    /// </exception>
    public async Task FetchAsync(string url, Stream target, CancellationToken cancellationToken)
    {
        if (DataUrl.Is(url))
        {
            await target.WriteAsync(DataUrl.Read(url, mostBytes), cancellationToken);
            return;
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(total);
        try
        {
            using var response = await FollowAsync(Check(url), limit.Token);
            await CopyAsync(response, target, limit);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InputException(
                JobError.TimedOut, $"took longer than {total.TotalSeconds:0.#} s, or {idle.TotalSeconds:0.#} s without a byte",
                true);
        }
        catch (HttpRequestException exception) when (exception.InnerException is InputException refused)
        {
            throw refused;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException)
        {
            throw new InputException(JobError.FetchFailed, Reason(exception), true, exception);
        }
    }

    public void Dispose() => client.Dispose();

    /// <summary>Parses a URL and checks that its scheme and syntax are allowed.</summary>
    public static Uri Check(string url)
    {
        if (url.Length > 8192 || !Uri.TryCreate(url.Trim(), UriKind.Absolute, out var uri))
        {
            throw new InputException(
                JobError.FetchFailed, "expected an absolute http, https or data URL of at most 8192 characters", false);
        }

        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            throw new InputException(JobError.FetchFailed, $"expected http, https or data, found the scheme '{uri.Scheme}'", false);
        if (uri.UserInfo.Length > 0 || uri.Host.Length == 0)
            throw new InputException(JobError.FetchFailed, "expected a host and no user name in the URL", false);
        return uri;
    }

    private async Task<HttpResponseMessage> FollowAsync(Uri uri, CancellationToken cancellationToken)
    {
        for (int hop = 0; hop <= MostHops; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.TryAddWithoutValidation("User-Agent", "Locutor/0.1");
            request.Headers.TryAddWithoutValidation("Accept", "*/*");
            var response = await client.SendAsync(request, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK)
                return response;
            using (response)
                uri = Next(uri, response);
        }
        throw new InputException(JobError.FetchFailed, $"more than {MostHops} redirects", false);
    }

    private static Uri Next(Uri uri, HttpResponseMessage response)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
        {
            throw new InputException(
                JobError.FetchFailed, $"{uri.Host} answered {(int)response.StatusCode}", (int)response.StatusCode >= 500);
        }

        var next = Check(new Uri(uri, location).AbsoluteUri);
        if (uri.Scheme == Uri.UriSchemeHttps && next.Scheme == Uri.UriSchemeHttp)
            throw new InputException(JobError.FetchFailed, "redirects from https to http are not followed", false);
        return next;
    }

    private async Task CopyAsync(HttpResponseMessage response, Stream target, CancellationTokenSource limit)
    {
        if (response.Content.Headers.ContentLength > mostBytes)
            throw TooLarge();
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            long total = 0;
            while (true)
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
                idle.CancelAfter(this.idle);
                int count = await body.ReadAsync(buffer, idle.Token);
                if (count == 0)
                    return;
                // Counted after decompression, since a kilobyte of gzip can expand to gigabytes.
                if ((total += count) > mostBytes)
                    throw TooLarge();
                await target.WriteAsync(buffer.AsMemory(0, count), limit.Token);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private InputException TooLarge() => new(JobError.TooLarge, $"expected at most {mostBytes} bytes", false);

    private static string Reason(Exception exception) => (exception.InnerException ?? exception).Message.ReplaceLineEndings(" ");
}

/// <summary>Decodes data URLs (RFC 2397), which contain the file itself.</summary>
internal static class DataUrl
{
    public static bool Is(string url) => url.StartsWith("data:", StringComparison.OrdinalIgnoreCase);

    public static byte[] Read(string url, long mostBytes)
    {
        int comma = url.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
            throw new InputException(JobError.FetchFailed, "a data URL needs a comma before its data", false);
        if ((url.Length - comma) / 4L * 3 > mostBytes)
            throw new InputException(JobError.TooLarge, $"expected at most {mostBytes} bytes", false);
        string data = Uri.UnescapeDataString(url[(comma + 1)..]);
        if (!url.AsSpan(0, comma).EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
            return Encoding.Latin1.GetBytes(data);
        try
        {
            return Convert.FromBase64String(data);
        }
        catch (FormatException)
        {
            throw new InputException(JobError.FetchFailed, "the data URL's base64 cannot be read", false);
        }
    }
}
