using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Storage;

namespace Locutor.Jobs.Tokens;

/// <summary>
/// Browsers that are signed in with a token. A session is 32 random bytes that only the browser keeps; the database holds their SHA-256, so
/// that every machine of a cluster knows every session and a sign-out ends it everywhere.
/// </summary>
public sealed class SessionStore(Func<DbConnection> open, TimeProvider time)
{
    /// <summary>Time after which a browser has to sign in again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly SqlCommands _sql = new(open);

    /// <summary>Starts a session.</summary>
    /// <returns>The value of the browser's cookie.</returns>
    public string Create(string keyId)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var now = time.GetUtcNow();
        _sql.Execute("DELETE FROM sessions WHERE expires_at <= @now", ("@now", now.ToUnixTimeMilliseconds()));
        _sql.Execute(
            "INSERT INTO sessions (id_hash, key_id, expires_at) VALUES (@hash, @key, @expires)",
            ("@hash", Hash(id)), ("@key", keyId), ("@expires", (now + Lifetime).ToUnixTimeMilliseconds()));
        return id;
    }

    /// <summary>The key id of the token that the session was started with, or null when it has ended or never was.</summary>
    public string? Find(string id) => _sql.Scalar(
        "SELECT key_id FROM sessions WHERE id_hash = @hash AND expires_at > @now", ("@hash", Hash(id)), ("@now", time.GetUtcNow().ToUnixTimeMilliseconds())) as string;

    /// <summary>Ends a session; an unknown one is left alone.</summary>
    public void End(string id) => _sql.Execute("DELETE FROM sessions WHERE id_hash = @hash", ("@hash", Hash(id)));

    private static string Hash(string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
}
