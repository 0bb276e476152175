using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Attacks;

/// <summary>
/// Attacks through URLs, against the running service and real sockets. 127.0.0.2 plays the internet, 127.0.0.1 a private address.
/// </summary>
public sealed class FetchAttackTests(SharedService shared) : IClassFixture<SharedService>
{
    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    [InlineData("http://0x7f.1:{0}/")]
    [InlineData("http://0177.0.0.1:{0}/")]
    [InlineData("http://127.1:{0}/")]
    [InlineData("http://[::]:{0}/")]
    [InlineData("http://[::1]:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    [InlineData("http://[64:ff9b::7f00:1]:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://LOCALHOST.:{0}/")]
    [InlineData("http://１２７.0.0.1:{0}/")]
    [InlineData("http://127。0。0。1:{0}/")]
    [InlineData("http://0.0.0.0:{0}/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://[fd00:ec2::254]/latest/meta-data/")]
    [InlineData("http://100.64.0.1/")]
    public async Task Private_addresses_are_not_fetched_in_any_notation(string url)
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", Samples.Picture);
        string named = url.Replace(
            "{0}", inside.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var (status, detail) = await SubmitAsync(named);
        status.ShouldBe(HttpStatusCode.BadRequest);
        detail.ShouldStartWith("Failed to download from URL");
        inside.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task The_same_attack_on_v1_fails_the_job_with_a_stable_code()
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", Samples.Picture);
        using var response = await shared.Client.PostJsonAsync(
            "/v1/jobs", new { image = inside.Url, audio = Samples.DataUrl(Samples.VoiceOfASecond) });
        var job = await shared.Client.EndAsync((await TokenClient.ReadAsync(response)).GetProperty("id").GetString()!);
        job.GetProperty("error").GetProperty("code").GetString().ShouldBe("address_blocked");
        job.GetProperty("error").GetProperty("retryable").GetBoolean().ShouldBeFalse();
        inside.Connections.ShouldBe(0);
    }

    [Theory]
    [InlineData("302 Found")]
    [InlineData("301 Moved Permanently")]
    [InlineData("307 Temporary Redirect")]
    public async Task A_redirect_to_a_private_address_is_refused_when_it_connects(string status)
    {
        await using var inside = LoopbackServer.Serving("127.0.0.1", Samples.Picture);
        await using var outside = LoopbackServer.Start(
            "127.0.0.2",
            (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(
                stream, status, $"Location: {inside.Url}/x\r\n", [], cancellationToken));
        (await SubmitAsync(outside.Url)).Detail.ShouldContain("not a public address");
        outside.Connections.ShouldBe(1);
        inside.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_refused()
    {
        using var certificate = MakeCertificate();
        string trusted = Path.Combine(Path.GetTempPath(), $"locutor-trusted-{Guid.NewGuid():N}.pem");
        await File.WriteAllTextAsync(trusted, certificate.ExportCertificatePem());
        // A process reads at its start which certificates it trusts; this one trusts the server's and no other.
        await using var service = await ServiceProcess.StartAsync(
            new Dictionary<string, string> { ["SSL_CERT_FILE"] = trusted },
            "--set", "workers=none", "--set", "allow_addresses=127.0.0.2/32");
        using var client = service.CreateClient();
        await using var plain = LoopbackServer.Serving("127.0.0.2", Samples.Picture);
        await using var secure = LoopbackServer.Start(
            "127.0.0.2",
            (request, stream, cancellationToken) => request.Path == "/picture"
                ? LoopbackServer.AnswerAsync(stream, "200 OK", "", Samples.Picture, cancellationToken)
                : LoopbackServer.AnswerAsync(stream, "302 Found", $"Location: {plain.Url}/\r\n", [], cancellationToken),
            certificate: certificate);
        (await SubmitAsync($"{secure.Url}/picture", client)).Status.ShouldBe(HttpStatusCode.OK);
        (await SubmitAsync($"{secure.Url}/elsewhere", client)).Detail.ShouldContain("redirects from https to http are not followed");
        plain.Connections.ShouldBe(0);
        File.Delete(trusted);
    }

    [Fact]
    public async Task Five_redirects_are_followed_and_not_a_sixth()
    {
        await using var outside = LoopbackServer.Start("127.0.0.2", (request, stream, cancellationToken) =>
        {
            int left = int.Parse(request.Path[1..], System.Globalization.CultureInfo.InvariantCulture);
            return left == 0
                ? LoopbackServer.AnswerAsync(stream, "200 OK", "", Samples.Picture, cancellationToken)
                : LoopbackServer.AnswerAsync(stream, "302 Found", $"Location: /{left - 1}\r\n", [], cancellationToken);
        });
        (await SubmitAsync($"{outside.Url}/5")).Status.ShouldBe(HttpStatusCode.OK);
        (await SubmitAsync($"{outside.Url}/6")).Detail.ShouldContain("more than 5 redirects");
        (await SubmitAsync($"{outside.Url}/900")).Detail.ShouldContain("more than 5 redirects");
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.2/x")]
    [InlineData("gopher://127.0.0.2:70/_x")]
    [InlineData("jar:http://127.0.0.2!/x")]
    [InlineData("concat:/etc/passwd")]
    [InlineData("//127.0.0.2/x")]
    [InlineData("/etc/passwd")]
    [InlineData("http://user:secret@127.0.0.2/")]
    [InlineData("http://")]
    [InlineData("-i")]
    public async Task Other_schemes_and_forms_are_refused(string url)
    {
        var (status, detail) = await SubmitAsync(url);
        status.ShouldBe(HttpStatusCode.BadRequest);
        detail.ShouldStartWith($"Failed to download from URL {url}");
    }

    [Fact]
    public async Task A_redirect_to_a_file_is_refused()
    {
        await using var outside = LoopbackServer.Start(
            "127.0.0.2",
            (_, stream, cancellationToken) => LoopbackServer.AnswerAsync(
                stream, "302 Found", "Location: file:///etc/passwd\r\n", [], cancellationToken));
        (await SubmitAsync(outside.Url)).Detail.ShouldContain("scheme 'file'");
    }

    [Fact]
    public async Task A_compressed_body_is_cut_off_when_it_expands_beyond_the_limit()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 100; i++)
                await gzip.WriteAsync(zeros);
        }
        packed.Length.ShouldBeLessThan(200_000);
        await using var outside = LoopbackServer.Serving("127.0.0.2", packed.ToArray(), "Content-Encoding: gzip\r\n");
        (await SubmitAsync(outside.Url)).Detail.ShouldContain("at most 20000000 bytes");
        await shared.Service.EmptiesAsync("aside");
    }

    [Fact]
    public async Task An_endless_body_is_cut_off_at_the_limit()
    {
        await using var outside = LoopbackServer.Start("127.0.0.2", async (_, stream, cancellationToken) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), cancellationToken);
            byte[] block = new byte[1 << 16];
            while (true)
                await stream.WriteAsync(block, cancellationToken);
        });
        (await SubmitAsync(outside.Url)).Detail.ShouldContain("at most 20000000 bytes");
    }

    [Theory]
    [InlineData("no answer at all", "")]
    [InlineData("headers that never end", "HTTP/1.1 200 OK\r\nX: ")]
    [InlineData("a body that stops", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")]
    public async Task A_server_that_sends_nothing_times_out(string what, string start)
    {
        await using var outside = LoopbackServer.Start("127.0.0.2", async (_, stream, cancellationToken) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(start), cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        });
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (await SubmitAsync(outside.Url)).Detail.ShouldContain("took longer", Case.Sensitive, what);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_slow_body_ends_at_the_total_time_limit()
    {
        await using var outside = LoopbackServer.Start("127.0.0.2", async (_, stream, cancellationToken) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), cancellationToken);
            while (true)
            {
                await stream.WriteAsync(new byte[1], cancellationToken);
                await Task.Delay(300, cancellationToken);
            }
        });
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (await SubmitAsync(outside.Url)).Detail.ShouldContain("took longer");
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.2", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse("127.0.0.2"));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private async Task<(HttpStatusCode Status, string Detail)> SubmitAsync(string image, TokenClient? client = null)
    {
        using var response = await (client ?? shared.Client).PostJsonAsync(
            "/", new { image, audio1 = Samples.DataUrl(Samples.VoiceOfASecond) });
        var answer = await TokenClient.ReadAsync(response);
        return (response.StatusCode, answer.TryGetProperty("detail", out var detail) ? detail.ToString() : "");
    }
}
