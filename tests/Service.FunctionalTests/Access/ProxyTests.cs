using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Locutor.Jobs.Hosting;
using Locutor.Jobs.Tokens;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Access;

/// <summary>A service that believes the headers of proxies on this machine.</summary>
public sealed class ProxiedService : IAsyncLifetime
{
    public LocalService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await LocalService.StartAsync(
        "--set", "stub_seconds=2", "--set", "workers=cpu", "--set", "trusted_proxies=127.0.0.1/32", "--set", "access_log=true");

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}

/// <summary>The examples of <c>deploy/proxy</c> in front of the service, with real nginx and Caddy.</summary>
public sealed class ProxyTests(ProxiedService proxied) : IClassFixture<ProxiedService>
{
    [Fact]
    public async Task Forwarded_headers_count_only_from_trusted_proxies()
    {
        await using var closed = await LocalService.StartAsync("--set", "workers=none");
        using var token = closed.CreateClient();
        var (cookie, answer) = await SignInAsync(closed.Url, token, forwarded: true);
        cookie.ShouldNotContain("secure", Case.Insensitive);
        answer.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();

        var open = proxied.Service;
        using var other = open.CreateClient();
        (cookie, answer) = await SignInAsync(open.Url, other, forwarded: true);
        cookie.ShouldContain("secure", Case.Insensitive);
        answer.Headers.GetValues("Strict-Transport-Security").Single().ShouldStartWith("max-age=");
        (cookie, _) = await SignInAsync(open.Url, other, forwarded: false);
        cookie.ShouldNotContain("secure", Case.Insensitive);
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("caddy")]
    public async Task A_job_goes_through_the_proxy_example(string proxy)
    {
        int port = FreePort.Take();
        var service = proxied.Service;
        using var direct = service.CreateClient(TokenScopes.All);
        var folder = Directory.CreateTempSubdirectory("locutor-proxy-");
        using var running = Start(proxy, folder.FullName, port, new Uri(service.Url).Port);
        try
        {
            using var client = new TokenClient($"http://127.0.0.1:{port}", direct.Key, direct.Secret);
            await UntilUpAsync(client, running);
            var hold = service.HoldJobs();
            string id = await client.SubmitAsync(Samples.Picture, Samples.VoiceOfASecond);
            await direct.UntilAsync(id, job => job.GetProperty("status").GetString() == "running");
            await FollowAsync(client, id, hold);
            using var video = await client.Http.GetAsync($"/v1/jobs/{id}/video");
            video.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await video.Content.ReadAsByteArrayAsync()).Length.ShouldBeGreaterThan(1000);
            using var browser = new HttpClient { BaseAddress = client.Http.BaseAddress };
            browser.DefaultRequestHeaders.Add("Origin", $"http://127.0.0.1:{port}");
            using var signedIn = await browser.PostAsJsonAsync("/v1/session", new { key = direct.Key, secret = direct.Secret });
            signedIn.StatusCode.ShouldBe(HttpStatusCode.OK, "the proxy hands the page's host name on");
            // A caller's own X-Forwarded-For is not believed: the entry that the proxy adds names the caller.
            using var liar = From("127.0.0.2", client);
            liar.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
            (await liar.GetAsync("/v1/jobs")).StatusCode.ShouldBe(HttpStatusCode.OK);
            // The line is written after the answer was sent.
            for (int attempt = 0; attempt < 100
                && !service.Log.Contains($"127.0.0.2 {direct.Key} GET /v1/jobs 200", StringComparison.Ordinal); attempt++)
            {
                await Task.Delay(100);
            }

            service.Log.ShouldContain($"127.0.0.2 {direct.Key} GET /v1/jobs 200");
            service.Log.ShouldNotContain("203.0.113.9 ");
        }
        finally
        {
            running.Kill(entireProcessTree: true);
            await running.WaitForExitAsync();
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A client whose connections come from another address of this machine.</summary>
    private static HttpClient From(string address, TokenClient token)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = token.Http.BaseAddress };
        client.DefaultRequestHeaders.Add("Modal-Key", token.Key);
        client.DefaultRequestHeaders.Add("Modal-Secret", token.Secret);
        return client;
    }

    /// <summary>The stream ends with the job. The job ends after the first event has come: a proxy must not hold it back.</summary>
    private static async Task FollowAsync(TokenClient client, string id, TaskCompletionSource hold)
    {
        using var events = await client.Http.GetAsync($"/v1/jobs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await events.Content.ReadAsStreamAsync());
        var states = new List<string?>();
        while (await lines.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(90)) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            states.Add(JsonDocument.Parse(line[6..]).RootElement.GetProperty("status").GetString());
            if (states.Count > 1) continue;
            (await client.GetJsonAsync($"/v1/jobs/{id}")).GetProperty("status").GetString().ShouldBe("running", "events are held back");
            hold.SetResult();
        }
        states[0].ShouldBe("running");
        states[^1].ShouldBe("succeeded");
    }

    private static async Task<(string Cookie, HttpResponseMessage Answer)> SignInAsync(string url, TokenClient token, bool forwarded)
    {
        using var browser = new HttpClient { BaseAddress = new Uri(url) };
        if (forwarded)
            browser.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        var answer = await browser.PostAsJsonAsync("/v1/session", new { key = token.Key, secret = token.Secret });
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (answer.Headers.GetValues("Set-Cookie").Single(), answer);
    }

    /// <summary>The example with other addresses, and without a certificate.</summary>
    private static Process Start(string proxy, string folder, int port, int service)
    {
        string deploy = Path.Combine(AppContext.BaseDirectory, "proxy");
        string file;
        if (proxy == "nginx")
        {
            file = Path.Combine(folder, "nginx.conf");
            var lines = File.ReadLines(Path.Combine(deploy, "nginx.conf"))
                .Where(line => !line.Contains("ssl_certificate", StringComparison.Ordinal))
                .Select(line => line.Replace("listen 443 ssl", $"listen 127.0.0.1:{port}", StringComparison.Ordinal)
                    .Replace("127.0.0.1:8080", $"127.0.0.1:{service}", StringComparison.Ordinal));
            string[] paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            File.WriteAllText(file, $$"""
                daemon off; pid {{folder}}/pid; error_log stderr;
                events { }
                http {
                access_log off;
                {{string.Join('\n', paths.Select(path => $"{path}_temp_path {folder}/{path};"))}}
                {{string.Join('\n', lines)}}
                }
                """);
            return Run("/usr/sbin/nginx", "-c", file, "-e", "stderr");
        }
        file = Path.Combine(folder, "Caddyfile");
        string text = File.ReadAllText(Path.Combine(deploy, "Caddyfile"))
            .Replace("talk.example.org {", $"http://127.0.0.1:{port} {{", StringComparison.Ordinal)
            .Replace("127.0.0.1:8080", $"127.0.0.1:{service}", StringComparison.Ordinal);
        File.WriteAllText(file, "{\n\tadmin off\n}\n" + text);
        return Run("caddy", "run", "--adapter", "caddyfile", "--config", file);
    }

    private static Process Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task UntilUpAsync(TokenClient client, Process proxy)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                if ((await client.Http.GetAsync("/readyz")).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (attempt < 300)
            {
            }
            proxy.HasExited.ShouldBeFalse("the proxy does not start");
            attempt.ShouldBeLessThan(300);
            await Task.Delay(100);
        }
    }
}
