namespace Locutor.Jobs.Tokens;

/// <summary>The rights of a token.</summary>
[Flags]
public enum TokenScopes
{
    None = 0,

    /// <summary>Allows to submit, cancel and delete jobs.</summary>
    Submit = 1,

    /// <summary>Allows to see jobs and to download results.</summary>
    Read = 2,

    /// <summary>Allows to see the workers and the metrics.</summary>
    Operate = 4,
    All = Submit | Read | Operate,
}

/// <summary>A token as the database holds it, without its secret.</summary>
public sealed record Token
{
    /// <summary>The public id of the token: <c>wk-</c> and 22 letters and digits. It identifies the owner of a job.</summary>
    public required string KeyId { get; init; }
    public required string Name { get; init; }
    public required TokenScopes Scopes { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The number of jobs of the token that may wait; null for the default of the service.</summary>
    public int? MaxQueued { get; init; }

    /// <summary>The key that signs webhooks: <c>whsec_</c> and 32 bytes in base64.</summary>
    public required string WebhookSecret { get; init; }
}

/// <summary>A new token with its secret, which is shown only once.</summary>
public sealed record NewToken(Token Token, string Secret);
