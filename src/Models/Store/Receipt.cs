namespace Locutor.Models.Store;

/// <summary>What is known about a file that was fetched; stands beside it as <c>.receipt</c>.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of the content, lower-case hexadecimal.</param>
/// <param name="ETag">As the hub said.</param>
/// <param name="Commit">The commit that the revision stood for.</param>
public sealed record Receipt(long Size, string Sha256, string? ETag, string? Commit);
