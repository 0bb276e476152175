namespace Locutor.Service.Http;

/// <summary>Reads a bounded body into memory.</summary>
internal static class BodyReader
{
    /// <summary>Reads the body; returns null when it is longer than <paramref name="mostBytes"/> bytes.</summary>
    public static async Task<byte[]?> ReadAsync(HttpRequest request, long mostBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > mostBytes)
            return null;
        using var body = new MemoryStream((int)Math.Min(request.ContentLength ?? 0, 1 << 20));
        byte[] buffer = new byte[1 << 16];
        while (await request.Body.ReadAsync(buffer, cancellationToken) is var count && count > 0)
        {
            if (body.Length + count > mostBytes)
                return null;
            body.Write(buffer, 0, count);
        }
        return body.ToArray();
    }
}
