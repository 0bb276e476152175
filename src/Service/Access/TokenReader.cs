using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Tokens;
using Microsoft.AspNetCore.DataProtection;

namespace Locutor.Service.Access;

/// <summary>Finds out who is calling: Modal's two headers, HTTP basic (key id and secret) or the page's session cookie.</summary>
public sealed class TokenReader
{
    public const string Cookie = "locutor_session";
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(5);

    private readonly TokenStore _tokens;
    private readonly TimeProvider _time;
    private readonly ITimeLimitedDataProtector _protector;
    private readonly ConcurrentDictionary<string, (Token Token, DateTimeOffset Until)> _recent = new(StringComparer.Ordinal);

    public TokenReader(TokenStore tokens, TimeProvider time, IDataProtectionProvider protection)
    {
        _tokens = tokens;
        _time = time;
        _protector = protection.CreateProtector("session").ToTimeLimitedDataProtector();
    }

    /// <summary>Whether the request carries anything that could identify a caller.</summary>
    public static bool HasCredentials(HttpRequest request) =>
        request.Headers.ContainsKey("Modal-Key") || request.Headers.ContainsKey("Modal-Secret")
        || request.Headers.ContainsKey("Authorization") || request.Cookies.ContainsKey(Cookie);

    /// <summary>The caller's token, or null when what the request carries opens nothing.</summary>
    public Token? Read(HttpRequest request)
    {
        string key = request.Headers["Modal-Key"].ToString(), secret = request.Headers["Modal-Secret"].ToString();
        if (key.Length > 0 && secret.Length > 0)
            return Authenticate(key, secret);
        if (Basic(request.Headers.Authorization.ToString()) is { } pair)
            return Authenticate(pair.Key, pair.Secret);
        return request.Cookies.TryGetValue(Cookie, out var cookie) && IsOfThisSite(request) ? FromSession(cookie) : null;
    }

    /// <summary>The token of a key and secret.</summary>
    public Token? Authenticate(string key, string secret)
    {
        var name = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{key}\n{secret}")));
        return Recall(name, () => _tokens.Authenticate(key, secret));
    }

    /// <summary>A cookie value that stands for the token for thirty days.</summary>
    public string Session(Token token) => _protector.Protect(token.KeyId, TimeSpan.FromDays(30));

    private Token? FromSession(string cookie)
    {
        try
        {
            var key = _protector.Unprotect(cookie);
            return Recall("session:" + key, () => _tokens.Usable(key));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>A hit is remembered for seconds, so that polling does not read the database and a revoked token still ends at once.</summary>
    private Token? Recall(string name, Func<Token?> find)
    {
        var now = _time.GetUtcNow();
        if (_recent.TryGetValue(name, out var recent) && recent.Until > now)
            return recent.Token;
        if (find() is not { } token)
        {
            _recent.TryRemove(name, out _);
            return null;
        }
        if (_recent.Count >= MostRemembered)
            _recent.Clear();
        _recent[name] = (token, now + Memory);
        return token;
    }

    private static (string Key, string Secret)? Basic(string header)
    {
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        var buffer = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[6..].Trim(), buffer, out var length))
            return null;
        var parts = Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2);
        return parts.Length == 2 ? (parts[0], parts[1]) : null;
    }

    /// <summary>A cookie is sent by the browser on its own, so a page of another origin must not use it.</summary>
    internal static bool IsOfThisSite(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site is "cross-site" or "same-site")
            return false;
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value);
    }
}
