namespace Locutor.Models.Store;

/// <summary>Properties of a fetched file, stored next to it with the suffix <c>.receipt</c>.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="Sha256">SHA-256 of the content in lower-case hexadecimal.</param>
/// <param name="ETag">ETag that the hub reported.</param>
/// <param name="Commit">Commit that the revision pointed to.</param>
public sealed record Receipt(long Size, string Sha256, string? ETag, string? Commit);
