namespace Locutor.Jobs.Tokens;

/// <summary>The rights of a token.</summary>
[Flags]
public enum TokenScopes
{
    None = 0,

    /// <summary>Submit, cancel and delete jobs.</summary>
    Submit = 1,

    /// <summary>See jobs and download results.</summary>
    Read = 2,

    /// <summary>See the workers and the metrics.</summary>
    Operate = 4,
    All = Submit | Read | Operate,
}

/// <summary>A token as stored: the secret itself is not.</summary>
public sealed record Token
{
    /// <summary><c>wk-</c> and 22 letters and digits: public, the owner of jobs.</summary>
    public required string KeyId { get; init; }
    public required string Name { get; init; }
    public required TokenScopes Scopes { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Jobs that may wait; null takes the service's default.</summary>
    public int? MaxQueued { get; init; }

    /// <summary>Key of webhook signatures: <c>whsec_</c> and 32 bytes in base64.</summary>
    public required string WebhookSecret { get; init; }
}

/// <summary>A token just made: the only time its secret is to be had.</summary>
public sealed record NewToken(Token Token, string Secret);
