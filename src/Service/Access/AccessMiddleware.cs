using System.Net;
using Locutor.Jobs.Limits;
using Locutor.Jobs.Tokens;
using Locutor.Service.Http;
using Locutor.Service.Settings;
using Microsoft.Extensions.Primitives;

namespace Locutor.Service.Access;

/// <summary>
/// Checks the token of every request to an endpoint with an <see cref="AccessRule"/>. It refuses requests without a token that has the
/// required scope.
/// </summary>
public sealed class AccessMiddleware(
    RequestDelegate next, TokenReader reader, SignedLinks links, OidcTokens oidc, TokenStore tokens, LookupGate lookups, TokenLimits limits,
    TimeProvider time, ServeSettings settings)
{
    private const string Missing = "modal-http: missing credentials for proxy authorization";
    private const string Invalid = "modal-http: invalid credentials";

    // Without a lock and without a memory of exceptions: the next request tries again.
    private readonly Lazy<Token> local = new(tokens.Local, LazyThreadSafetyMode.PublicationOnly);
    private readonly FailedSignIns failed = new(time);

    public async Task InvokeAsync(HttpContext context)
    {
        if (settings.NoAuth && !IsLoopback(context.Request))
        {
            await Refuse(
                context, RefusalStyle.Problem, 403, "forbidden_origin",
                "this service has no tokens, so it answers only pages and programs on this machine");
            return;
        }
        if (context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is not { } rule
            || (rule.OpenOnLoopback && IsFromThisMachine(context) && !TokenReader.HasCredentials(context.Request)))
        {
            await next(context);
            return;
        }
        if (await IdentifyAsync(context, rule) is not { } token)
            return;
        context.Features.Set(token);
        await next(context);
    }

    /// <summary>Returns the token of the caller, or null when the request was already answered with a refusal.</summary>
    private async Task<Token?> IdentifyAsync(HttpContext context, AccessRule rule)
    {
        string? key = TokenReader.KeyOf(context.Request);
        if (!settings.NoAuth && key is not null && failed.Look(context, key) is { Allowed: false } wait)
        {
            await RefuseForNow(context, wait, "too_many_attempts", "too many wrong secrets for this key from this address");
            return null;
        }
        if (SignedLinks.Has(context.Request))
            return await IdentifyLinkAsync(context, rule);
        if (await FindAsync(context.Request) is not { } token)
        {
            if (key is not null)
                failed.Count(context, key);
            context.Response.Headers.WWWAuthenticate = Challenges(context.Request);
            bool known = TokenReader.HasCredentials(context.Request);
            await Refuse(context, rule.Style, 401, known ? "invalid_credentials" : "missing_credentials", known ? Invalid : Missing);
            return null;
        }
        return await AdmitAsync(context, rule, token);
    }

    /// <summary>
    /// Returns the kinds of credentials to ask for. Players send those of the address only when they are asked for Basic; a browser would
    /// open a dialog of its own over the page.
    /// </summary>
    private static StringValues Challenges(HttpRequest request) =>
        request.Headers.UserAgent.ToString().StartsWith("Mozilla/", StringComparison.OrdinalIgnoreCase)
            ? "Bearer realm=\"locutor\""
            : new StringValues(["Bearer realm=\"locutor\"", "Basic realm=\"locutor\""]);

    private async Task<Token?> FindAsync(HttpRequest request) => settings.NoAuth ? await lookups.RunAsync(() => local.Value)
        : oidc.Has(request) ? await oidc.ReadAsync(request)
        : await lookups.RunAsync(() => reader.Read(request));

    private async Task<Token?> IdentifyLinkAsync(HttpContext context, AccessRule rule)
    {
        if (await lookups.RunAsync(() => links.Read(context.Request)) is not var (token, link))
        {
            await Refuse(
                context, RefusalStyle.Problem, 403, "invalid_link",
                "this signed address is not valid: it has expired, was changed, or its token was revoked; ask for a new one");
            return null;
        }
        context.Features.Set(link);
        // A shared video may be shown by the page of another site.
        context.Response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        return await AdmitAsync(context, rule, token);
    }

    private async Task<Token?> AdmitAsync(HttpContext context, AccessRule rule, Token token)
    {
        if ((token.Scopes & rule.Scope) != rule.Scope)
        {
            await Refuse(
                context, RefusalStyle.Problem, 403, "missing_scope",
                $"this token lacks the scope {rule.Scope.ToString().ToLowerInvariant()}");
            return null;
        }
        var limit = await limits.CountRequestAsync(token.KeyId);
        TokenLimits.Describe(context.Response, limit);
        if (limit.Allowed)
            return token;
        await RefuseForNow(context, limit, "rate_limited", $"more than {settings.RequestsPerMinute} requests in a minute");
        return null;
    }

    private static Task RefuseForNow(HttpContext context, LimitReply limit, string code, string detail) =>
        Problems.WriteAsync(context, new ProblemException(429, code, detail) { RetryAfter = TokenLimits.Wait(limit) });

    private static Task Refuse(HttpContext context, RefusalStyle style, int status, string code, string detail)
    {
        if (style is RefusalStyle.Problem)
        {
            return Problems.WriteAsync(
                context, status, code, detail.StartsWith("modal-http: ", StringComparison.Ordinal) ? detail[12..] : detail);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(detail);
    }

    /// <summary>
    /// Returns whether the request comes from this machine. A request with forwarding headers does not, since a local proxy forwards
    /// requests of others. Headers of trusted proxies were applied and removed before.
    /// </summary>
    private static bool IsFromThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    /// <summary>
    /// Returns whether the request names a loopback host and comes from this site. Otherwise a foreign page could reach a service without
    /// tokens through the user's browser.
    /// </summary>
    private static bool IsLoopback(HttpRequest request)
    {
        string host = request.Host.Host.Trim('[', ']');
        bool own = host is "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        return own && SameSite.Allows(request, publicUrl: null);
    }
}
