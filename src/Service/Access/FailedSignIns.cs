using Locutor.Jobs.Limits;

namespace Locutor.Service.Access;

/// <summary>Limits attempts to guess secrets: ten wrong secrets per minute for each IP address and key id.</summary>
internal sealed class FailedSignIns(TimeProvider time)
{
    private const int PerMinute = 10;
    private readonly BucketTable failures = new(time);

    /// <summary>
    /// Returns whether another secret may be tried. If not, the caller refuses even the right secret, since any other answer would reveal
    /// it.
    /// </summary>
    public LimitReply Look(HttpContext context, string keyId) => failures.Look(Key(context, keyId), PerMinute);

    /// <summary>Counts a wrong secret.</summary>
    public void Count(HttpContext context, string keyId) => failures.Take(Key(context, keyId), PerMinute);

    private static string Key(HttpContext context, string keyId) =>
        $"{context.Connection.RemoteIpAddress} {(keyId.Length > 64 ? keyId[..64] : keyId)}";
}
