using System.Net;
using System.Net.Http.Headers;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Access;

[Collection(Together.Name)]
public sealed class BearerTests(SharedService shared)
{
    [Fact]
    public async Task A_bearer_token_of_key_and_secret_gives_the_access_of_the_two_headers()
    {
        var service = shared.Service;
        using var token = service.CreateClient();
        (await StatusAsync(service, $"{token.Key}.{token.Secret}")).ShouldBe(HttpStatusCode.OK);
        foreach (string? wrong in
                new[]
                {
                    $"{token.Key}.ws-wrong", token.Key, token.Secret, $"{token.Key}.", $".{token.Secret}",
                    $"{token.Key}.{token.Secret}.more",
                })
        {
            (await StatusAsync(service, wrong)).ShouldBe(HttpStatusCode.Unauthorized, wrong);
        }

        using var client = new HttpClient { BaseAddress = new Uri(service.Url) };
        (await client.GetStringAsync("/openapi.json", TestContext.Current.CancellationToken)).ShouldContain("\"bearer\"");
    }

    private static async Task<HttpStatusCode> StatusAsync(TestedService service, string bearer)
    {
        using var client = new HttpClient { BaseAddress = new Uri(service.Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using var answer = await client.GetAsync("/v1/jobs", TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
