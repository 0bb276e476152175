using Locutor.Service.Settings;

namespace Locutor.Service.Http;

/// <summary>The address at which clients reach this service.</summary>
internal static class Origins
{
    /// <summary>Returns scheme and host of the setting <c>public_url</c>, or of the request if it is empty.</summary>
    public static string Origin(this HttpRequest request, ServeSettings settings) =>
        settings.PublicUrl ?? $"{request.Scheme}://{request.Host}";
}
