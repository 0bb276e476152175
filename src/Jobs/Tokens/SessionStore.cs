using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Storage;

namespace Locutor.Jobs.Tokens;

/// <summary>
/// The sessions of browsers that are signed in with a token. The browser keeps 32 random bytes, and the database keeps their SHA-256. All
/// machines of a cluster share the database, so a sign-out ends a session everywhere.
/// </summary>
public sealed class SessionStore(Func<DbConnection> open, TimeProvider time)
{
    /// <summary>The duration of a session. After that the browser has to sign in again.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly SqlCommands sql = new(open);

    /// <summary>Starts a session.</summary>
    /// <returns>The value of the browser's cookie.</returns>
    public string Create(string keyId)
    {
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var now = time.GetUtcNow();
        sql.Execute("DELETE FROM sessions WHERE expires_at <= @now", ("@now", now.ToUnixTimeMilliseconds()));
        sql.Execute(
            "INSERT INTO sessions (id_hash, key_id, expires_at) VALUES (@hash, @key, @expires)",
            ("@hash", Hash(id)), ("@key", keyId), ("@expires", (now + Lifetime).ToUnixTimeMilliseconds()));
        return id;
    }

    /// <summary>Returns the key id of the token that started the session; null when the session has ended or is unknown.</summary>
    public string? Find(string id) => sql.Scalar(
        "SELECT key_id FROM sessions WHERE id_hash = @hash AND expires_at > @now", ("@hash", Hash(id)),
        ("@now", time.GetUtcNow().ToUnixTimeMilliseconds())) as string;

    /// <summary>Ends a session. An unknown session is ignored.</summary>
    public void End(string id) => sql.Execute("DELETE FROM sessions WHERE id_hash = @hash", ("@hash", Hash(id)));

    private static string Hash(string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
}
