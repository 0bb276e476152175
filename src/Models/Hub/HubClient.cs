using System.Net;
using System.Net.Http.Headers;

namespace Locutor.Models.Hub;

/// <summary>Properties of a file as the hub reports them before the download.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="ETag">Identifies the content; it changes with the content.</param>
/// <param name="Sha256">SHA-256 in lower-case hexadecimal for files in the hub's large storage; otherwise null.</param>
/// <param name="Commit">Commit that the revision points to at present, if the hub reports it.</param>
public sealed record RemoteFile(long Size, string? ETag, string? Sha256, string? Commit);

/// <summary>
/// Client for the part of the hub's API that downloads need: <c>MIRROR/OWNER/NAME/resolve/REVISION/PATH</c>, which may redirect to a
/// content host.
/// </summary>
public sealed class HubClient : IDisposable
{
    private const int MostRedirects = 6;
    private readonly HubOptions options;
    private readonly HttpClient http;

    public HubClient(HubOptions options)
    {
        this.options = options;
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("locutor/0.1");
    }

    /// <summary>Requests the size and hash of a file.</summary>
    /// <param name="file">A file with a repository.</param>
    /// <param name="mirror">Index of the mirror.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="HubException">The request was refused, the file is missing, or there was no answer.</exception>
    public async Task<RemoteFile> DescribeAsync(BundleFile file, int mirror, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Head, file, mirror, null, stopAtDescription: true, cancellationToken)
            .ConfigureAwait(false);
        string? etag = Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? Header(response, "ETag");
        etag = etag?.Replace("W/", "", StringComparison.Ordinal).Trim('"');
        long size = long.TryParse(Header(response, "X-Linked-Size"), out long linked)
            ? linked
            : response.Content.Headers.ContentLength ?? -1;
        if (size < 0) throw new HubException($"{Name(file)}: expected the hub to state a size, found none");
        return new RemoteFile(
            size, etag, etag is { Length: 64 } && etag.All(char.IsAsciiHexDigit) ? etag.ToLowerInvariant() : null,
            Header(response, "X-Repo-Commit"));
    }

    /// <summary>Opens the bytes [first, end) of a file for reading.</summary>
    /// <exception cref="HubException">The request was refused, the file is missing or has changed, or there was no answer.</exception>
    public async Task<HttpResponseMessage> OpenAsync(
        BundleFile file, int mirror, RemoteFile remote, long first, long end, CancellationToken cancellationToken)
    {
        bool whole = first == 0 && end == remote.Size;
        var response = await SendAsync(
            HttpMethod.Get, file, mirror, whole ? null : new RangeHeaderValue(first, end - 1), stopAtDescription: false,
            cancellationToken).ConfigureAwait(false);
        try
        {
            if (whole)
            {
                if (response.Content.Headers.ContentLength is { } length && length != remote.Size)
                    throw new HubException($"{Name(file)}: expected {remote.Size} bytes, found {length}");
                return response;
            }
            var range = response.Content.Headers.ContentRange;
            if (response.StatusCode != HttpStatusCode.PartialContent || range is null)
            {
                throw new HubException(
                    $"{Name(file)}: expected bytes {first}-{end - 1}, found an answer without ranges " +
                    $"({(int)response.StatusCode})")
                { Passing = true };
            }

            if (range.From != first || range.To != end - 1 || (range.Length is { } total && total != remote.Size))
                throw new HubException($"{Name(file)}: expected bytes {first}-{end - 1} of {remote.Size}, found {range}");
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public void Dispose() => http.Dispose();

    /// <summary>
    /// Sends a request and follows redirects: the token is sent to the mirror only, and a redirect from https to http is refused.
    /// </summary>
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, BundleFile file, int mirror, RangeHeaderValue? range, bool stopAtDescription,
        CancellationToken cancellationToken)
    {
        var origin = options.Mirrors[mirror];
        var address = Address(origin, file);
        for (int hop = 0; hop < MostRedirects; hop++)
        {
            using var request = new HttpRequestMessage(method, address);
            if (options.Token is { Length: > 0 } token && address.Host == origin.Host && address.Port == origin.Port)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.AcceptEncoding.ParseAdd("identity");
            request.Headers.Range = range;
            var response = await SendOnceAsync(request, file, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
            {
                if (response.IsSuccessStatusCode) return response;
                using (response) throw Refusal(file, address, response);
            }
            if (stopAtDescription && response.Headers.Contains("X-Linked-Size")) return response;
            using (response) address = Next(file, address, response.Headers.Location);
        }
        throw new HubException($"{Name(file)}: expected at most {MostRedirects} redirects");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, BundleFile file, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.StallTimeout);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new HubException($"{Name(file)}: no answer from {request.RequestUri!.Authority}: {e.Message}", e) { Passing = true };
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubException(
                $"{Name(file)}: no answer from {request.RequestUri!.Authority} within {options.StallTimeout.TotalSeconds:F0} s",
                e)
            { Passing = true };
        }
    }

    private static Uri Next(BundleFile file, Uri from, Uri? location)
    {
        if (location is null) throw new HubException($"{Name(file)}: expected a Location header in the redirect of {from.Authority}");
        var to = new Uri(from, location);
        if (to.Scheme is not ("http" or "https") || (from.Scheme == "https" && to.Scheme != "https"))
            throw new HubException($"{Name(file)}: refused to follow {from.Authority} to {to.Scheme}://{to.Authority}");
        return to;
    }

    private HubException Refusal(BundleFile file, Uri address, HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        string? code = Header(response, "X-Error-Code");
        bool limited = status is 429 or 408 or >= 500;
        string why = status switch
        {
            401 when code == "RepoNotFound" || code == "RevisionNotFound" =>
                "no such repository or revision, or it needs a token (set HF_TOKEN)",
            401 => options.Token is null ? "a token is needed (set HF_TOKEN)" : "the token is not accepted",
            403 =>
                options.Token is null
                    ? "access is refused; a token may be needed (set HF_TOKEN)"
                    : "access is refused; the licence may have to be accepted on the hub first",
            404 => "not found",
            416 => "the file is shorter than the hub said",
            429 => "too many requests",
            >= 500 => "the server failed",
            _ => "refused",
        };
        return new HubException(
            $"{Name(file)}: {why} ({address.Authority} answers " +
            $"{status}{(code is null ? "" : $", {code}")})")
        { Passing = limited, RetryAfter = Wait(response) };
    }

    private static TimeSpan? Wait(HttpResponseMessage response)
    {
        var after = response.Headers.RetryAfter;
        var wait = after?.Delta ?? (after?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        return wait is { } span ? TimeSpan.FromSeconds(Math.Clamp(span.TotalSeconds, 0, 300)) : null;
    }

    private static Uri Address(Uri mirror, BundleFile file)
    {
        string path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        return new Uri(
            $"{mirror.AbsoluteUri.TrimEnd('/')}/{file.Repository}/resolve/{Uri.EscapeDataString(file.Revision ?? "main")}/{path}");
    }

    private static string Name(BundleFile file) => $"{file.Repository}/{file.Path}";

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
