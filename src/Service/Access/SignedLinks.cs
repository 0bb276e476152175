using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Tokens;
using Microsoft.AspNetCore.WebUtilities;

namespace Locutor.Service.Access;

/// <summary>A request that was admitted by its signed address. It is a feature of the request.</summary>
/// <param name="Once">A text that is unique for an address that accepts one submission; null for an address that may be read often.</param>
public sealed record SignedLink(string? Once);

/// <summary>
/// Signs addresses that work without a token until a given time, for example to share a video. The signature covers the HTTP method, the
/// path and the end of validity. Its key is derived from a secret of the token that signs, so a link ends with its token, and all nodes of
/// a cluster accept it.
/// </summary>
public sealed class SignedLinks(TokenStore tokens, TimeProvider time)
{
    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(30);

    private const string Key = "key", Expires = "expires", Once = "once", Signature = "signature";
    private static readonly byte[] Purpose = "locutor signed link v1"u8.ToArray();

    /// <summary>Returns whether the address of a request has a signature, valid or not.</summary>
    public static bool Has(HttpRequest request) => request.Query.ContainsKey(Signature);

    /// <summary>Returns the path with a signature, such as <c>/v1/jobs/ID/video?key=...&amp;expires=...&amp;signature=...</c>.</summary>
    /// <param name="token">The token whose rights the link has.</param>
    /// <param name="method">GET, which includes HEAD, or POST.</param>
    /// <param name="path">The path without a query.</param>
    /// <param name="lifetime">At most <see cref="LongestLife"/>.</param>
    public string Sign(Token token, string method, string path, TimeSpan lifetime)
    {
        string expires = (time.GetUtcNow() + lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string? once = method == HttpMethods.Get ? null : Guid.NewGuid().ToString("N");
        var query = new Dictionary<string, string?>
        {
            [Key] = token.KeyId,
            [Expires] = expires,
            [Once] = once,
            [Signature] = WebEncoders.Base64UrlEncode(Compute(token, method, path, expires, once ?? "")),
        };
        return QueryHelpers.AddQueryString(path, query.Where(pair => pair.Value is not null));
    }

    /// <summary>
    /// Returns the token that signed the address, with only the right that the method needs; null when the signature is wrong, the link
    /// has expired or the token is no longer usable.
    /// </summary>
    public (Token Token, SignedLink Link)? Read(HttpRequest request)
    {
        string key = request.Query[Key].ToString(), expires = request.Query[Expires].ToString(), once = request.Query[Once].ToString();
        string method = HttpMethods.IsHead(request.Method) ? HttpMethods.Get : request.Method;
        bool lasts = long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out long until)
            && until > time.GetUtcNow().ToUnixTimeSeconds();
        if (!lasts || tokens.Usable(key) is not { } token || Given(request) is not { } given)
            return null;
        if (!CryptographicOperations.FixedTimeEquals(given, Compute(token, method, request.Path.Value ?? "", expires, once)))
            return null;
        var scope = HttpMethods.IsGet(method) ? TokenScopes.Read : TokenScopes.Submit;
        return (token with { Scopes = token.Scopes & scope }, new SignedLink(once.Length > 0 ? once : null));
    }

    private static byte[]? Given(HttpRequest request)
    {
        try
        {
            return WebEncoders.Base64UrlDecode(request.Query[Signature].ToString());
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static byte[] Compute(Token token, string method, string path, string expires, string once)
    {
        byte[] key = HMACSHA256.HashData(Encoding.UTF8.GetBytes(token.WebhookSecret), Purpose);
        return HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{method}\n{path}\n{expires}\n{once}"));
    }
}
