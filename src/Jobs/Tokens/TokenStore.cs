using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Locutor.Jobs.Storage;

namespace Locutor.Jobs.Tokens;

/// <summary>
/// The tokens of an installation. A secret has 190 random bits, so its SHA-256 is as safe to store as a slow hash. Hashes are compared in
/// constant time, and an unknown key id is handled by the same code as a wrong secret.
/// </summary>
public sealed class TokenStore(Func<DbConnection> open, TimeProvider time)
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const string Columns =
        "key_id, name, scopes, created_at, expires_at, revoked_at, max_queued, webhook_secret, secret_hash, max_running, " +
        "month_video_seconds, month_gpu_seconds";

    private static readonly byte[] NoHash = new byte[SHA256.HashSizeInBytes];

    private readonly SqlCommands sql = new(open);

    /// <summary>Creates a token. With a null <paramref name="lifetime"/> it never expires.</summary>
    public NewToken Create(string name, TokenScopes scopes, TimeSpan? lifetime, TokenQuota quota)
    {
        var now = time.GetUtcNow();
        var token = new Token
        {
            KeyId = "wk-" + RandomNumberGenerator.GetString(Alphabet, 22),
            Name = name,
            Scopes = scopes,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
            Quota = quota,
            WebhookSecret = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        };
        string secret = "ws-" + RandomNumberGenerator.GetString(Alphabet, 32);
        Insert(token, Convert.ToHexStringLower(Hash(secret)));
        return new NewToken(token, secret);
    }

    /// <summary>
    /// Returns the token of callers without authentication, which are allowed on loopback only. It is created on first use.
    /// </summary>
    public Token Local() => Find(LocalKeyId) ?? Add(LocalKeyId, "local");

    /// <summary>
    /// Returns the token of a caller whom another system has identified. It has no secret and is created on first use. Null when it was
    /// revoked.
    /// </summary>
    public Token? Known(string keyId, string name) => Find(keyId) is { } found ? IsUsable(found) ? found : null : Add(keyId, name);

    private Token Add(string keyId, string name)
    {
        var token = new Token
        {
            KeyId = keyId,
            Name = name,
            Scopes = TokenScopes.All,
            CreatedAt = time.GetUtcNow(),
            WebhookSecret = "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        };
        Insert(token, "");
        return Find(keyId) ?? token; // Another request may have created it at the same moment.
    }

    /// <summary>The key id of the token for callers without authentication. No secret belongs to it.</summary>
    public const string LocalKeyId = "local";

    /// <summary>Returns the token with this key id and secret; null when there is none or it is revoked or expired.</summary>
    public Token? Authenticate(string keyId, string secret)
    {
        var found = FindWithHash(keyId);
        bool matches = CryptographicOperations.FixedTimeEquals(Hash(secret), found?.Hash ?? NoHash);
        return matches && found is { } hit && IsUsable(hit.Token) ? hit.Token : null;
    }

    /// <summary>Returns the token with this key id; null when there is none or it is revoked or expired.</summary>
    public Token? Usable(string keyId) => Find(keyId) is { } found && IsUsable(found) ? found : null;

    /// <summary>Returns the token with this key id, even if it is revoked or expired; null when there is none.</summary>
    public Token? Find(string keyId) => FindWithHash(keyId)?.Token;

    /// <summary>Returns all tokens, including revoked and expired ones, oldest first.</summary>
    public IReadOnlyList<Token> List() => sql.Rows(
        $"SELECT {Columns} FROM tokens WHERE key_id <> @local ORDER BY created_at, key_id", reader => Read(reader).Token,
        ("@local", LocalKeyId));

    /// <summary>Revokes a token permanently. Returns false when no token has this key id or it was already revoked.</summary>
    /// <param name="cancelJobs">
    /// Whether the service cancels the jobs of the token that are not over; otherwise they run to their end.
    /// </param>
    public bool Revoke(string keyId, bool cancelJobs) => sql.Execute(
        "UPDATE tokens SET revoked_at = @now, cancel_jobs = @cancel WHERE key_id = @key AND revoked_at IS NULL",
        ("@now", time.GetUtcNow().ToUnixTimeMilliseconds()), ("@cancel", cancelJobs ? 1 : 0), ("@key", keyId)) == 1;

    /// <summary>Returns the key ids of revoked tokens whose jobs the service has to cancel.</summary>
    public IReadOnlyList<string> WithJobsToCancel() =>
        sql.Rows("SELECT key_id FROM tokens WHERE cancel_jobs = 1", reader => reader.GetString(0));

    /// <summary>Records that the jobs of revoked tokens were canceled.</summary>
    /// <param name="revokedBefore">
    /// Tokens that were revoked at or after this time keep their mark, since a submission may still arrive.
    /// </param>
    public void JobsCanceled(string keyId, DateTimeOffset revokedBefore) => sql.Execute(
        "UPDATE tokens SET cancel_jobs = 0 WHERE key_id = @key AND revoked_at < @before", ("@key", keyId),
        ("@before", revokedBefore.ToUnixTimeMilliseconds()));

    /// <summary>Checks that the database answers.</summary>
    /// <exception cref="DbException">The database does not answer.</exception>
    public void Check() => sql.Scalar("SELECT 1");

    private bool IsUsable(Token token) => token.RevokedAt is null && !(token.ExpiresAt <= time.GetUtcNow());

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    private void Insert(Token token, string hash) => sql.Execute(
        $"""
        INSERT INTO tokens ({Columns}) VALUES (
            @key, @name, @scopes, @created, @expires, NULL, @queued, @webhook, @hash, @running, @video, @gpu)
        ON CONFLICT (key_id) DO NOTHING
        """,
        ("@key", token.KeyId), ("@name", token.Name), ("@scopes", token.Scopes.ToString()),
        ("@created", token.CreatedAt.ToUnixTimeMilliseconds()),
        ("@expires", token.ExpiresAt?.ToUnixTimeMilliseconds()), ("@queued", token.Quota.MaxQueued), ("@webhook", token.WebhookSecret),
        ("@hash", hash), ("@running", token.Quota.MaxRunning), ("@video", token.Quota.MonthVideoSeconds),
        ("@gpu", token.Quota.MonthGpuSeconds));

    private (Token Token, byte[] Hash)? FindWithHash(string keyId) =>
        sql.Rows($"SELECT {Columns} FROM tokens WHERE key_id = @key", Read, ("@key", keyId)) is [var found] ? found : null;

    private static (Token Token, byte[] Hash) Read(DbDataReader reader)
    {
        DateTimeOffset? Time(int column) =>
            reader.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));
        int? Whole(int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);
        double? Number(int column) => reader.IsDBNull(column) ? null : reader.GetDouble(column);
        var token = new Token
        {
            KeyId = reader.GetString(0),
            Name = reader.GetString(1),
            Scopes = Enum.Parse<TokenScopes>(reader.GetString(2)),
            CreatedAt = Time(3)!.Value,
            ExpiresAt = Time(4),
            RevokedAt = Time(5),
            Quota = new TokenQuota(Whole(6), Whole(9), Number(10), Number(11)),
            WebhookSecret = reader.GetString(7),
        };
        string hash = reader.GetString(8);
        return (token, hash.Length == 0 ? NoHash : Convert.FromHexString(hash));
    }
}
