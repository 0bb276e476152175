namespace Locutor.Service.Access;

/// <summary>Protects against requests that a page of another site makes a browser send.</summary>
internal static class SameSite
{
    /// <summary>Returns whether the headers of the browser allow that the request comes from a page of this service.</summary>
    /// <param name="request">The request. A request without these headers is allowed, since it does not come from a web page.</param>
    /// <param name="publicUrl">
    /// The address at which browsers reach the service, if it differs from the host of the request; otherwise null.
    /// </param>
    public static bool Allows(HttpRequest request, string? publicUrl)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
            return false;
        string origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || origin == publicUrl
            || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value);
    }
}
