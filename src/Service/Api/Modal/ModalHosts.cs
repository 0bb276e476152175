namespace Locutor.Service.Api.Modal;

/// <summary>
/// Decides whether a request to <c>/</c> is for one of the three hosts of the predecessor, for a result, or for the web page.
/// </summary>
public static class ModalHosts
{
    private static readonly (string Marker, string Method)[] Hosts =
    [
        ("--infinitetalk-api-model-submit.", "POST"),
        ("--infinitetalk-api-api-result-head.", "HEAD"),
        ("--infinitetalk-api-api-result.", "GET"),
    ];

    /// <summary>Adds the middleware. It must run before routing, since the page and the results share an address.</summary>
    public static void UseModalHosts(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.Request.Path == "/docs" || context.Request.Path == "/docs/")
            context.Request.Path = "/docs.html";
        if (context.Request.Path != "/")
        {
            await next(context);
            return;
        }
        var meant = Hosts.FirstOrDefault(host => context.Request.Host.Host.Contains(host.Marker, StringComparison.OrdinalIgnoreCase));
        if (meant.Method is not null && meant.Method != context.Request.Method)
        {
            context.Response.Headers.Allow = meant.Method;
            await new ModalException(405, "Method Not Allowed").WriteAsync(context);
            return;
        }
        bool page = meant.Method is null && !context.Request.Query.ContainsKey("call_id")
            && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));
        if (page)
            context.Request.Path = "/index.html";
        await next(context);
    });
}
