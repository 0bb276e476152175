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

    public TokenQuota Quota { get; init; } = TokenQuota.Default;

    /// <summary>The key that signs webhooks: <c>whsec_</c> and 32 bytes in base64.</summary>
    public required string WebhookSecret { get; init; }
}

/// <summary>The limits of a token; null takes the default of the service.</summary>
/// <param name="MaxQueued">Jobs that may wait.</param>
/// <param name="MaxRunning">Jobs that may run at a time; 0 for any number.</param>
/// <param name="MonthVideoSeconds">Seconds of finished video in a calendar month (UTC).</param>
/// <param name="MonthGpuSeconds">Seconds of GPU time in a calendar month (UTC).</param>
public sealed record TokenQuota(
    int? MaxQueued = null, int? MaxRunning = null, double? MonthVideoSeconds = null, double? MonthGpuSeconds = null)
{
    /// <summary>The limits of a token that has none of its own.</summary>
    public static TokenQuota Default { get; } = new();
}

/// <summary>A new token with its secret, which is shown only once.</summary>
public sealed record NewToken(Token Token, string Secret);
