using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Locutor.Jobs.Records;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;

namespace Locutor.Service.Http;

/// <summary>
/// Gives a problem to the sender of a request that Kestrel cannot read. Such a request reaches no middleware, and Kestrel's response has
/// no body, so the body is added on its way to the socket.
/// </summary>
internal static class UnreadableRequests
{
    private static readonly byte[] Mark = "\r\nContent-Length: 0\r\nConnection: close\r\nDate: "u8.ToArray();
    private static readonly byte[] End = "\r\n\r\n"u8.ToArray();
    private static readonly int DateLength = "Thu, 26 Nov 2026 08:00:00 GMT".Length;

    public static void Use(KestrelServerOptions kestrel) => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(next => connection =>
    {
        connection.Transport = new Transport(connection.Transport.Input, new Output(connection.Transport.Output));
        return next(connection);
    }));

    /// <summary>Returns the response with a problem as its body; null if the bytes are not a bare response of Kestrel.</summary>
    /// <remarks>Responses of the service have security headers, so none of them has these three headers only.</remarks>
    private static byte[]? WithProblem(ReadOnlySpan<byte> response)
    {
        int line = response.IndexOf(Mark);
        if (line < 12 || response.Length != line + Mark.Length + DateLength + End.Length || !response.StartsWith("HTTP/1."u8)
            || !response.EndsWith(End) || !int.TryParse(response[9..12], out int status) || status < 400)
        {
            return null;
        }
        var problem = new Problem
        {
            Title = ReasonPhrases.GetReasonPhrase(status),
            Status = status,
            Code = status is 408 ? JobError.TimedOut : status is 413 ? JobError.TooLarge : JobError.InvalidRequest,
            Detail = "the address or a header of the request cannot be read as HTTP",
            Retryable = status is 408,
        };
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(problem, Problems.Json);
        string headers = $"\r\nContent-Type: application/problem+json\r\nContent-Length: {body.Length}\r\nConnection: close\r\nDate: ";
        return [.. response[..line], .. System.Text.Encoding.ASCII.GetBytes(headers), .. response[(line + Mark.Length)..], .. body];
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Forwards all writes. Only a bare response that is written in one piece is changed.</summary>
    private sealed class Output(PipeWriter inner) : PipeWriter
    {
        private Memory<byte> memory;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => memory = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            if (bytes <= memory.Length && WithProblem(memory.Span[..bytes]) is { } response)
                inner.Write(response);
            else
                inner.Advance(bytes);
            memory = memory[Math.Min(bytes, memory.Length)..];
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            inner.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
