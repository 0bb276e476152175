using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>A server on a loopback address that answers bytes exactly as told, and counts who came.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _over = new();
    private readonly Func<LoopbackRequest, Stream, CancellationToken, Task> _answer;
    private readonly List<LoopbackRequest> _requests = [];
    private readonly X509Certificate2? _certificate;
    private readonly Task _accepting;
    private int _connections;

    private LoopbackServer(string address, int port, Func<LoopbackRequest, Stream, CancellationToken, Task> answer, X509Certificate2? certificate)
    {
        _answer = answer;
        _certificate = certificate;
        _listener = new TcpListener(IPAddress.Parse(address), port);
        _listener.Start();
        Address = address;
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"{(_certificate is null ? "http" : "https")}://{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{Port}";

    public int Connections => Volatile.Read(ref _connections);

    public IReadOnlyList<LoopbackRequest> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    public static LoopbackServer Start(string address, Func<LoopbackRequest, Stream, CancellationToken, Task> answer, int port = 0, X509Certificate2? certificate = null) =>
        new(address, port, answer, certificate);

    /// <summary>Answers every request with these bytes.</summary>
    public static LoopbackServer Serving(string address, byte[] body, string headers = "") =>
        Start(address, (_, stream, cancellation) => AnswerAsync(stream, "200 OK", headers, body, cancellation));

    public static async Task AnswerAsync(Stream stream, string status, string headers, byte[] body, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n"), cancellation);
        await stream.WriteAsync(body, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        await _accepting;
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_over.Token);
                Interlocked.Increment(ref _connections);
                _ = Task.Run(() => ServeAsync(client));
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
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
                if (_certificate is not null)
                {
                    var secure = new SslStream(stream);
                    await secure.AuthenticateAsServerAsync(_certificate);
                    stream = secure;
                }
                var request = await LoopbackRequest.ReadAsync(stream, _over.Token);
                lock (_requests)
                    _requests.Add(request);
                await _answer(request, stream, _over.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException or AuthenticationException)
            {
                // The other side may leave at any time.
            }
        }
    }
}

/// <summary>A request as it came over the wire.</summary>
public sealed record LoopbackRequest(string Line, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string Path => Line.Split(' ') is [_, var path, ..] ? path : "";

    public static async Task<LoopbackRequest> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
        var line = await reader.ReadLineAsync(cancellation) ?? "";
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync(cancellation) is { Length: > 0 } header)
            headers[header.Split(':')[0]] = header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        var body = new char[headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, System.Globalization.CultureInfo.InvariantCulture) : 0];
        if (body.Length > 0)
            await reader.ReadBlockAsync(body, cancellation);
        return new LoopbackRequest(line, headers, new string(body));
    }
}
