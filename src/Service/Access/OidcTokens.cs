using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Tokens;
using Locutor.Service.Settings;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Locutor.Service.Access;

/// <summary>
/// Admits callers by JSON Web Tokens of an OpenID Connect provider. Each subject of the provider has a token of this service, which is
/// created at its first request and owns its jobs. The setting <c>oidc_scopes</c> gives the rights, or names the claim that gives
/// them.
/// </summary>
public sealed partial class OidcTokens : IDisposable
{
    private const string ClaimPrefix = "claim:";
    private readonly JsonWebTokenHandler handler = new();
    private readonly OidcProvider? provider;
    private readonly TokenStore tokens;
    private readonly LookupGate lookups;
    private readonly ServeSettings settings;
    private readonly ILogger<OidcTokens> logger;

    public OidcTokens(TokenStore tokens, LookupGate lookups, ServeSettings settings, TimeProvider time, ILogger<OidcTokens> logger)
    {
        (this.tokens, this.lookups, this.settings, this.logger) = (tokens, lookups, settings, logger);
        if (settings.OidcAuthority is { } authority)
            provider = new OidcProvider(authority, time, logger);
    }

    public void Dispose() => provider?.Dispose();

    /// <summary>Returns whether the request has a bearer token of this kind and the service accepts them.</summary>
    public bool Has(HttpRequest request) => provider is not null && Bearer(request) is not null;

    /// <summary>Returns the token of the caller; null when the bearer token is not valid.</summary>
    public async Task<Token?> ReadAsync(HttpRequest request)
    {
        var (valid, reason) = await ValidateAsync(Bearer(request)!, request.HttpContext.RequestAborted);
        if (valid is not { Subject: { Length: > 0 } subject })
        {
            LogRefused(reason);
            return null;
        }
        string key = KeyOf(valid.Issuer, subject);
        var scopes = ScopesOf(valid);
        string name = valid.TryGetPayloadValue("name", out string? given) && given is { Length: > 0 and <= 200 } ? given : subject;
        return await lookups.RunAsync(() => tokens.Known(key, name)) is { } token ? token with { Scopes = scopes } : null;
    }

    private async Task<(JsonWebToken? Token, string Reason)> ValidateAsync(string text, CancellationToken cancellationToken)
    {
        OpenIdConnectConfiguration? unfit = null;
        while (true)
        {
            var published = await provider!.ReadAsync(unfit, cancellationToken);
            var result = await handler.ValidateTokenAsync(text, new TokenValidationParameters
            {
                ValidIssuer = published.Issuer,
                IssuerSigningKeys = published.SigningKeys,
                ValidAudience = settings.OidcAudience,
                ValidAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
            });
            if (result.IsValid)
            {
                // RFC 7515, 4.1.11: who does not know an extension that must be understood refuses the token. This service knows none.
                var token = (JsonWebToken)result.SecurityToken;
                return token.TryGetHeaderValue("crit", out object _) ? (null, "unknown extension") : (token, "");
            }
            if (result.Exception is not SecurityTokenSignatureKeyNotFoundException || published == unfit)
                return (null, result.Exception?.GetType().Name ?? "not valid");
            unfit = published; // The provider may have new keys.
        }
    }

    private TokenScopes ScopesOf(JsonWebToken valid)
    {
        if (!settings.OidcScopes.StartsWith(ClaimPrefix, StringComparison.Ordinal))
            return Parse(settings.OidcScopes);
        var words = valid.Claims.Where(claim => claim.Type == settings.OidcScopes[ClaimPrefix.Length..]).Select(claim => claim.Value);
        return words.Aggregate(TokenScopes.None, (scopes, word) => scopes | Parse(word));
    }

    /// <summary>Reads the words submit, read and operate, and ignores others.</summary>
    private static TokenScopes Parse(string words) => words.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Aggregate(
        TokenScopes.None, (scopes, word) => scopes | word switch
        {
            "submit" => TokenScopes.Submit,
            "read" => TokenScopes.Read,
            "operate" => TokenScopes.Operate,
            _ => TokenScopes.None,
        });

    /// <summary>Returns the key id of a subject: <c>oidc-</c> and 32 hexadecimal digits.</summary>
    private static string KeyOf(string issuer, string subject) =>
        "oidc-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{issuer}\n{subject}")))[..32];

    private static string? Bearer(HttpRequest request) => TokenReader.BearerOf(request) is { } text
        && text.StartsWith("eyJ", StringComparison.Ordinal) && text.Count(letter => letter == '.') == 2 ? text : null;

    [LoggerMessage(LogLevel.Information, "a bearer token of the OpenID Connect provider was refused: {Reason}")]
    private partial void LogRefused(string reason);
}
