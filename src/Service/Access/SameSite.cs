namespace Locutor.Service.Access;

/// <summary>Whether a browser sent a request from a page of this service.</summary>
internal static class SameSite
{
    /// <param name="publicUrl">Address at which browsers reach the service, where it is not the one that the request names.</param>
    public static bool Allows(HttpRequest request, string? publicUrl)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
            return false;
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || origin == publicUrl || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value);
    }
}
