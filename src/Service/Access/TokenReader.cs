using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Tokens;
using Locutor.Service.Settings;

namespace Locutor.Service.Access;

/// <summary>
/// Identifies the caller by Modal's two headers, HTTP basic (key id and secret), a bearer token (key id, dot, secret) or the session
/// cookie of the page.
/// </summary>
public sealed class TokenReader(TokenStore tokens, SessionStore sessions, TimeProvider time, ServeSettings settings)
{
    public const string Cookie = "locutor_session";
    private const int MostRemembered = 10_000;
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (Token Token, DateTimeOffset Until)> recent = new(StringComparer.Ordinal);

    /// <summary>Returns whether the request has any credentials, valid or not.</summary>
    public static bool HasCredentials(HttpRequest request) =>
        request.Headers.ContainsKey("Modal-Key") || request.Headers.ContainsKey("Modal-Secret")
        || request.Headers.ContainsKey("Authorization") || request.Cookies.ContainsKey(Cookie);

    /// <summary>Returns the key id that the request sends with a secret; null when it sends none or a session cookie.</summary>
    public static string? KeyOf(HttpRequest request)
    {
        string key = request.Headers["Modal-Key"].ToString();
        return key.Length > 0 ? key : Pair(request)?.Key;
    }

    /// <summary>Returns the token of the caller, or null when the credentials are not valid.</summary>
    public Token? Read(HttpRequest request)
    {
        string key = request.Headers["Modal-Key"].ToString(), secret = request.Headers["Modal-Secret"].ToString();
        if (key.Length > 0 && secret.Length > 0)
            return Authenticate(key, secret);
        if (Pair(request) is { } pair)
            return Authenticate(pair.Key, pair.Secret);
        return request.Cookies.TryGetValue(Cookie, out string? cookie) && IsOfThisSite(request) ? FromSession(cookie) : null;
    }

    /// <summary>Returns the token with this key id and secret, or null.</summary>
    public Token? Authenticate(string key, string secret)
    {
        string name = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{key}\n{secret}")));
        return Recall(name, () => tokens.Authenticate(key, secret));
    }

    /// <summary>Starts a session for a browser. Returns the value of the cookie.</summary>
    public string SignIn(Token token) => sessions.Create(token.KeyId);

    /// <summary>Ends the session of the browser that sent the request. Other machines notice this within seconds.</summary>
    public void SignOut(HttpRequest request)
    {
        if (!request.Cookies.TryGetValue(Cookie, out string? cookie))
            return;
        sessions.End(cookie);
        recent.TryRemove("session:" + cookie, out _);
    }

    private Token? FromSession(string cookie) =>
        Recall("session:" + cookie, () => sessions.Find(cookie) is { } key ? tokens.Usable(key) : null);

    /// <summary>
    /// Looks a token up with a cache of a few seconds. So polling does not read the database, and a revoked token stops working within
    /// seconds.
    /// </summary>
    private Token? Recall(string name, Func<Token?> find)
    {
        var now = time.GetUtcNow();
        if (this.recent.TryGetValue(name, out var recent) && recent.Until > now)
            return recent.Token;
        if (find() is not { } token)
        {
            this.recent.TryRemove(name, out _);
            return null;
        }
        if (this.recent.Count >= MostRemembered)
            this.recent.Clear();
        this.recent[name] = (token, now + Memory);
        return token;
    }

    private static (string Key, string Secret)? Pair(HttpRequest request)
    {
        return BearerOf(request)?.Split('.') is [{ Length: > 0 } key, { Length: > 0 } secret]
            ? (key, secret)
            : Basic(request.Headers.Authorization.ToString());
    }

    /// <summary>Returns the bearer token of a request; null if it has none.</summary>
    internal static string? BearerOf(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header[7..].Trim() : null;
    }

    private static (string Key, string Secret)? Basic(string header)
    {
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        byte[] buffer = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[6..].Trim(), buffer, out int length))
            return null;
        string[] parts = Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2);
        return parts.Length == 2 ? (parts[0], parts[1]) : null;
    }

    /// <summary>
    /// Returns whether the request comes from a page of this service. Browsers send cookies automatically, so other sites must not be
    /// able to use them.
    /// </summary>
    private bool IsOfThisSite(HttpRequest request) => SameSite.Allows(request, settings.PublicUrl);
}
