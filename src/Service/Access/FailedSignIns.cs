using Locutor.Jobs.Limits;

namespace Locutor.Service.Access;

/// <summary>Slows down whoever tries secrets: each address may be wrong about a key id ten times a minute.</summary>
internal sealed class FailedSignIns(TimeProvider time)
{
    private const int PerMinute = 10;
    private readonly BucketTable _failures = new(time);

    /// <summary>Whether a secret may be tried. Where it may not, even the right one is refused: the answer would tell which one is right.</summary>
    public LimitReply Look(HttpContext context, string keyId) => _failures.Look(Key(context, keyId), PerMinute);

    /// <summary>Counts a wrong secret.</summary>
    public void Count(HttpContext context, string keyId) => _failures.Take(Key(context, keyId), PerMinute);

    private static string Key(HttpContext context, string keyId) =>
        $"{context.Connection.RemoteIpAddress} {(keyId.Length > 64 ? keyId[..64] : keyId)}";
}
