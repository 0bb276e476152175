using Locutor.Service.Http;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Locutor.Service.Access;

/// <summary>
/// The issuer and the keys that the OpenID Connect provider publishes. They are kept for hours. A token whose key is not among them makes
/// the service ask again and wait for the answer, so the first token after a change of keys is accepted too.
/// </summary>
internal sealed partial class OidcProvider(string authority, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(12);

    // Anybody can send tokens with unknown keys; the provider is not asked for each of them.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseWithoutKeys = TimeSpan.FromSeconds(2);
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(10) };

    private readonly string address = authority.TrimEnd('/') + "/.well-known/openid-configuration";
    private readonly HttpDocumentRetriever documents = new(Client) { RequireHttps = !new Uri(authority).IsLoopback };
    private readonly SemaphoreSlim asking = new(1);
    private volatile Answer? latest;
    private DateTimeOffset earliest;

    /// <summary>Returns what the provider publishes.</summary>
    /// <param name="unfit">The earlier result, if it lacks the key of the token; null at the first call for a token.</param>
    /// <param name="cancellationToken">Ends the wait for the provider.</param>
    /// <exception cref="ProblemException">503: the provider did not answer yet.</exception>
    public async Task<OpenIdConnectConfiguration> ReadAsync(
        OpenIdConnectConfiguration? unfit, CancellationToken cancellationToken)
    {
        if (Fits())
            return latest!.Published;
        await asking.WaitAsync(cancellationToken);
        try
        {
            if (!Fits() && time.GetUtcNow() >= earliest)
                await AskAsync(unfit is not null);
        }
        finally
        {
            asking.Release();
        }
        return latest?.Published ?? throw new ProblemException(
            503, "unavailable", "the OpenID Connect provider cannot be reached, so its tokens cannot be checked; ask again")
        {
            RetryAfter = (int)PauseWithoutKeys.TotalSeconds,
        };

        bool Fits() => latest is { } answer && answer.Published != unfit && time.GetUtcNow() < answer.Renewal;
    }

    public void Dispose() => asking.Dispose();

    /// <summary>Asks the provider; the answer also serves other callers, so no caller cancels it. Known keys outlive a failure.</summary>
    private async Task AskAsync(bool forToken)
    {
        var now = time.GetUtcNow();
        try
        {
            earliest = forToken ? now + Pause : now;
            latest = new Answer(await OpenIdConnectConfigurationRetriever.GetAsync(address, documents, CancellationToken.None), now + Life);
        }
        catch (Exception exception)
        {
            earliest = now + (latest is null ? PauseWithoutKeys : Pause);
            latest = latest is null ? null : latest with { Renewal = earliest };
            LogUnreachable(address, exception.GetBaseException().Message);
        }
    }

    /// <summary>An answer of the provider, and the time from which it is asked again.</summary>
    private sealed record Answer(OpenIdConnectConfiguration Published, DateTimeOffset Renewal);

    [LoggerMessage(LogLevel.Warning, "the OpenID Connect provider does not answer at {Address}: {Reason}")]
    private partial void LogUnreachable(string address, string reason);
}
