using Locutor.Service.Settings;

namespace Locutor.Service.Http;

/// <summary>The address at which clients reach this service.</summary>
internal static class Origins
{
    /// <summary>Returns scheme and host: those of the setting <c>public_url</c>, or else those of the request.</summary>
    public static string Origin(this HttpRequest request, ServeSettings settings) =>
        settings.PublicUrl ?? $"{request.Scheme}://{request.Host}";
}
