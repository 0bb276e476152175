using Locutor.Service.Settings;
using Microsoft.AspNetCore.HttpOverrides;

namespace Locutor.Service.Http;

/// <summary>
/// Reads <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c> of requests that come from the networks of the
/// setting <c>trusted_proxies</c>, so that the service sees the caller's address, scheme and host name as the proxy did. Requests from
/// other networks cannot set them.
/// </summary>
internal static class TrustedProxies
{
    public static void UseTrustedProxies(this IApplicationBuilder app)
    {
        var networks = app.ApplicationServices.GetRequiredService<ServeSettings>().TrustedProxies;
        if (networks.Count == 0)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
            // The list of addresses is read from its end while the proxies are trusted.
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in networks)
            options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }
}
