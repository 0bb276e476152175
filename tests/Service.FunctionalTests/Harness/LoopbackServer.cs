using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>A server on a loopback address that sends exactly the given bytes and counts its connections.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly CancellationTokenSource over = new();
    private readonly Func<LoopbackRequest, Stream, CancellationToken, Task> answer;
    private readonly List<LoopbackRequest> requests = [];
    private readonly X509Certificate2? certificate;
    private readonly Task accepting;
    private int connections;

    private LoopbackServer(
        string address, int port, Func<LoopbackRequest, Stream, CancellationToken, Task> answer, X509Certificate2? certificate)
    {
        this.answer = answer;
        this.certificate = certificate;
        listener = new TcpListener(IPAddress.Parse(address), port);
        listener.Start();
        Address = address;
        accepting = AcceptAsync();
    }

    public string Address { get; }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public string Url =>
        $"{(certificate is null ? "http" : "https")}://" +
        $"{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{Port}";

    public int Connections => Volatile.Read(ref connections);

    public IReadOnlyList<LoopbackRequest> Requests
    {
        get
        {
            lock (requests)
                return [.. requests];
        }
    }

    public static LoopbackServer Start(
        string address, Func<LoopbackRequest, Stream, CancellationToken, Task> answer, int port = 0,
        X509Certificate2? certificate = null) =>
        new(address, port, answer, certificate);

    /// <summary>Answers every request with these bytes.</summary>
    public static LoopbackServer Serving(string address, byte[] body, string headers = "") =>
        Start(address, (_, stream, cancellationToken) => AnswerAsync(stream, "200 OK", headers, body, cancellationToken));

    public static async Task AnswerAsync(Stream stream, string status, string headers, byte[] body, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n"),
            cancellationToken);
        await stream.WriteAsync(body, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        listener.Stop();
        await accepting;
        over.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(over.Token);
                Interlocked.Increment(ref connections);
                _ = Task.Run(() => ServeAsync(client));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The test ends, or a client disconnected before it was accepted.
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (certificate is not null)
                {
                    var secure = new SslStream(stream);
                    await secure.AuthenticateAsServerAsync(certificate);
                    stream = secure;
                }
                var request = await LoopbackRequest.ReadAsync(stream, over.Token);
                lock (requests)
                    requests.Add(request);
                await answer(request, stream, over.Token);
            }
            catch (Exception exception)
                when (exception is IOException or OperationCanceledException or SocketException or AuthenticationException)
            {
                // The client may disconnect at any time.
            }
        }
    }
}

/// <summary>A request as it came over the wire.</summary>
public sealed record LoopbackRequest(string Line, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Path => Line.Split(' ') is [_, var path, ..] ? path : "";

    public static async Task<LoopbackRequest> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        string line = await reader.ReadLineAsync(cancellationToken) ?? "";
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync(cancellationToken) is { Length: > 0 } header)
            headers[header.Split(':')[0]] = header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        int length = headers.TryGetValue("Content-Length", out string? stated)
            ? int.Parse(stated, System.Globalization.CultureInfo.InvariantCulture)
            : 0;
        char[] body = new char[length];
        if (body.Length > 0)
            await reader.ReadBlockAsync(body, cancellationToken);
        return new LoopbackRequest(line, headers, new string(body));
    }
}
