using Locutor.Jobs.Tokens;

namespace Locutor.Service.Access;

/// <summary>The format of a refusal.</summary>
public enum RefusalStyle
{
    /// <summary>RFC 9457 problem details.</summary>
    Problem,

    /// <summary>The plain text of Modal's proxy.</summary>
    Proxy,
}

/// <summary>Metadata of an endpoint: the scope that the token of the caller needs.</summary>
public sealed record AccessRule(TokenScopes Scope, RefusalStyle Style, bool OpenOnLoopback = false);

public static class AccessRules
{
    /// <summary>Makes an endpoint require a token with <paramref name="scope"/>.</summary>
    public static TBuilder Needs<TBuilder>(
        this TBuilder builder, TokenScopes scope, RefusalStyle style = RefusalStyle.Problem, bool openOnLoopback = false)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule(scope, style, openOnLoopback));

    /// <summary>Returns the token with which the request was admitted.</summary>
    public static Token Caller(this HttpContext context) =>
        context.Features.Get<Token>() ?? throw new InvalidOperationException($"{context.Request.Path} has no access rule");
}
