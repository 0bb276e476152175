using Locutor.Jobs.Tokens;

namespace Locutor.Service.Access;

/// <summary>How a refusal is worded.</summary>
public enum RefusalStyle
{
    /// <summary>RFC 9457 problem details.</summary>
    Problem,

    /// <summary>The two plain sentences of Modal's proxy.</summary>
    Proxy,
}

/// <summary>Metadata of an endpoint: the scope a caller needs.</summary>
public sealed record AccessRule(TokenScopes Scope, RefusalStyle Style, bool OpenOnLoopback = false);

public static class AccessRules
{
    /// <summary>Demands a token with <paramref name="scope"/>.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, TokenScopes scope, RefusalStyle style = RefusalStyle.Problem, bool openOnLoopback = false)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule(scope, style, openOnLoopback));

    /// <summary>The token a request was let in with.</summary>
    public static Token Caller(this HttpContext context) =>
        context.Features.Get<Token>() ?? throw new InvalidOperationException($"{context.Request.Path} has no access rule");
}
