using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Service.FunctionalTests.Harness;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Locutor.Service.FunctionalTests.Access;

/// <summary>Bearer tokens of an OpenID Connect provider, and pages of other origins.</summary>
public sealed class OidcTests : IAsyncLifetime
{
    private const string Audience = "locutor", Page = "https://app.example.org";
    private readonly ECDsa firstKey = ECDsa.Create(ECCurve.NamedCurves.nistP256), otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private ECDsa key = null!;
    private LoopbackServer provider = null!;
    private string keyId = "one";
    private bool isDown;
    private LocalService service = null!;

    private static CancellationToken Soon => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        key = firstKey;
        provider = LoopbackServer.Start("127.0.0.1", AnswerAsync);
        service = await LocalService.StartAsync(
            "--set", "workers=none", "--set", $"oidc_authority={provider.Url}", "--set", $"oidc_audience={Audience}", "--set",
            "oidc_scopes=claim:scope", "--set", $"cors_origins={Page}");
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        await provider.DisposeAsync();
        firstKey.Dispose();
        otherKey.Dispose();
    }

    [Fact]
    public async Task A_token_of_the_provider_gives_the_scopes_of_its_claim_and_other_tokens_none()
    {
        (await StatusAsync(Token(), "/v1/jobs")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(Token(), "/v1/workers")).ShouldBe(HttpStatusCode.Forbidden, "the claim has no operate");
        (await StatusAsync(Token(scope: "profile operate"), "/v1/workers")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(Token(scope: "profile"), "/v1/jobs")).ShouldBe(HttpStatusCode.Forbidden);
        foreach (var (name, wrong) in
                new[]
                {
                    ("another audience", Token(audience: "mail")), ("another issuer", Token(issuer: "https://evil.example")),
                    ("expired", Token(expires: DateTime.UtcNow.AddMinutes(-10))), ("another key", Token(signer: otherKey)),
                    ("no signature", Unsigned()), ("cut", Token()[..^4]), ("an unknown extension", Token(extension: "b64")),
                })
        {
            (await StatusAsync(wrong, "/v1/jobs")).ShouldBe(HttpStatusCode.Unauthorized, name);
        }
        await AreApartAsync();

        string old = Token();
        (keyId, key) = ("two", otherKey);
        (await StatusAsync(Token(), "/v1/jobs")).ShouldBe(HttpStatusCode.OK, "the first token of the provider's next key");
        (await StatusAsync(old, "/v1/jobs")).ShouldBe(HttpStatusCode.Unauthorized, "the provider has withdrawn the earlier key");
        (isDown, keyId) = (true, "three");
        (await StatusAsync(Token(signer: firstKey), "/v1/jobs")).ShouldBe(HttpStatusCode.Unauthorized);
        keyId = "two";
        (await StatusAsync(Token(), "/v1/jobs")).ShouldBe(HttpStatusCode.OK, "known keys outlive a provider that is down");
    }

    [Fact]
    public async Task A_provider_that_is_down_at_the_first_token_is_named_in_the_answer()
    {
        isDown = true;
        using var client = Client(Token());
        using var early = await client.GetAsync("/v1/jobs", Soon);
        (early.StatusCode, early.Headers.RetryAfter!.Delta).ShouldBe((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(2)));
        var problem = await TokenClient.ReadAsync(early);
        problem.GetProperty("detail").GetString()!.ShouldContain("the OpenID Connect provider cannot be reached");
        problem.GetProperty("retryable").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Pages_of_the_named_origin_may_call_the_API_and_others_may_not()
    {
        foreach (var (origin, allowed) in new[] { (Page, true), ("https://evil.example", false) })
        {
            using var client = new HttpClient { BaseAddress = new Uri(service.Url) };
            using var preflight = new HttpRequestMessage(HttpMethod.Options, "/v1/jobs");
            preflight.Headers.Add("Origin", origin);
            preflight.Headers.Add("Access-Control-Request-Method", "POST");
            preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
            using var answer = await client.SendAsync(preflight, Soon);
            answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var named).ShouldBe(allowed, origin);
            if (allowed) named!.ShouldBe([origin]);
            answer.Headers.Contains("Access-Control-Allow-Credentials").ShouldBeFalse("cookies stay with the page of the service");
        }
    }

    /// <summary>Two subjects do not see each other's usage.</summary>
    private async Task AreApartAsync()
    {
        var keys = new HashSet<string>();
        foreach (string subject in new[] { "ada", "bob" })
        {
            using var client = Client(Token(subject: subject));
            var session = await TokenClient.ReadAsync(await client.PostAsync(
                "/v1/uploads/links", new StringContent("{}", Encoding.UTF8, "application/json"), Soon));
            keys.Add(System.Web.HttpUtility.ParseQueryString(new Uri(session.GetProperty("url").GetString()!).Query)["key"]!);
        }
        keys.Count.ShouldBe(2);
        keys.ShouldAllBe(name => name.StartsWith("oidc-", StringComparison.Ordinal));
    }

    private string Token(
        string subject = "ada", string scope = "submit read", string audience = Audience, string? issuer = null,
        DateTime? expires = null, ECDsa? signer = null, string? extension = null)
    {
        var token = Describe(
            subject, scope, audience, issuer, expires,
            new SigningCredentials(new ECDsaSecurityKey(signer ?? key) { KeyId = keyId }, SecurityAlgorithms.EcdsaSha256));
        if (extension is not null) token.AdditionalHeaderClaims = new Dictionary<string, object> { ["crit"] = new[] { extension } };
        return new JsonWebTokenHandler().CreateToken(token);
    }

    private string Unsigned()
    {
        string[] parts = new JsonWebTokenHandler().CreateToken(Describe("ada", "submit read", Audience, null, null, null)).Split('.');
        return $"{parts[0]}.{parts[1]}.";
    }

    private SecurityTokenDescriptor Describe(
        string subject, string scope, string audience, string? issuer, DateTime? expires, SigningCredentials? signing) => new()
        {
            Issuer = issuer ?? provider.Url,
            Audience = audience,
            Expires = expires ?? DateTime.UtcNow.AddMinutes(10),
            NotBefore = DateTime.UtcNow.AddHours(-1),
            IssuedAt = DateTime.UtcNow.AddHours(-1),
            Claims = new Dictionary<string, object> { ["sub"] = subject, ["scope"] = scope },
            SigningCredentials = signing,
        };

    private async Task AnswerAsync(LoopbackRequest request, Stream stream, CancellationToken cancellationToken)
    {
        if (isDown) return;
        var point = key.ExportParameters(false).Q;
        object body = request.Path.Contains("openid-configuration", StringComparison.Ordinal)
            ? new { issuer = provider.Url, jwks_uri = provider.Url + "/keys" }
            : new
            {
                keys = new[]
                {
                    new
                    {
                        kty = "EC", crv = "P-256", kid = keyId, use = "sig", x = Base64UrlEncoder.Encode(point.X),
                        y = Base64UrlEncoder.Encode(point.Y),
                    },
                },
            };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(body);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\nConnection: close\r\n\r\n"),
            cancellationToken);
        await stream.WriteAsync(json, cancellationToken);
    }

    private async Task<HttpStatusCode> StatusAsync(string bearer, string path)
    {
        using var client = Client(bearer);
        using var answer = await client.GetAsync(path, Soon);
        return answer.StatusCode;
    }

    private HttpClient Client(string bearer)
    {
        var client = new HttpClient { BaseAddress = new Uri(service.Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }
}
