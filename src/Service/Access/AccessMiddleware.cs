using System.Net;
using Locutor.Jobs.Tokens;
using Locutor.Service.Settings;
using Locutor.Service.V1;

namespace Locutor.Service.Access;

/// <summary>Lets a request through to an endpoint with an <see cref="AccessRule"/> only with a token that has the scope.</summary>
public sealed class AccessMiddleware(RequestDelegate next, TokenReader reader, TokenStore tokens, TokenLimits limits, ServeSettings settings)
{
    private const string Missing = "modal-http: missing credentials for proxy authorization";
    private const string Invalid = "modal-http: invalid credentials";

    private readonly Lazy<Token> _local = new(tokens.Local);

    public Task InvokeAsync(HttpContext context)
    {
        if (settings.NoAuth && !IsLoopback(context.Request))
            return Refuse(context, RefusalStyle.Problem, 403, "forbidden_origin", "without tokens this service answers only pages and programs of this machine");
        if (context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is not { } rule)
            return next(context);
        var token = settings.NoAuth ? _local.Value : reader.Read(context.Request);
        if (token is null && rule.OpenOnLoopback && IsFromThisMachine(context))
            return next(context);
        if (token is null)
        {
            var known = TokenReader.HasCredentials(context.Request);
            return Refuse(context, rule.Style, 401, known ? "invalid_credentials" : "missing_credentials", known ? Invalid : Missing);
        }
        if ((token.Scopes & rule.Scope) != rule.Scope)
            return Refuse(context, RefusalStyle.Problem, 403, "missing_scope", $"this token lacks the scope {rule.Scope.ToString().ToLowerInvariant()}");
        if (limits.DelayOfRequest(token.KeyId) is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            return Refuse(context, RefusalStyle.Problem, 429, "rate_limited", $"more than {settings.RequestsPerMinute} requests in a minute");
        }
        context.Features.Set(token);
        return next(context);
    }

    private static Task Refuse(HttpContext context, RefusalStyle style, int status, string code, string detail)
    {
        if (style is RefusalStyle.Problem)
            return Problems.WriteAsync(context, status, code, detail.StartsWith("modal-http: ", StringComparison.Ordinal) ? detail[12..] : detail);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(detail);
    }

    /// <summary>A proxy on this machine speaks for others.</summary>
    private static bool IsFromThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    /// <summary>Without tokens a foreign page must not reach the service through the user's own browser, under whatever name.</summary>
    private static bool IsLoopback(HttpRequest request)
    {
        var host = request.Host.Host.Trim('[', ']');
        var own = host is "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        return own && TokenReader.IsOfThisSite(request);
    }
}
