using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Locutor.Jobs.Grains;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Service.Availability;
using Locutor.Service.Http;
using Locutor.Service.Inputs;
using Locutor.Service.Settings;
using Locutor.Service.Telemetry;
using Locutor.Service.Views;

namespace Locutor.Service.Webhooks;

/// <summary>
/// Sends the webhooks of finished jobs in the format of Standard Webhooks. It retries until the receiver accepts or the period of retries
/// is over.
/// </summary>
public sealed partial class WebhookSender(
    IGrainFactory grains, AddressGuard guard, TokenStore tokens, JobsMetrics metrics, TimeProvider time, ServeSettings settings,
    ILogger<WebhookSender> logger)
    : BackgroundService
{
    // A receiver that does not answer occupies a place until its time is over; webhooks of other receivers must not wait for it.
    private const int InParallel = 64;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(2);

    private TimeSpan LongestAnswer => TimeSpan.FromSeconds(Math.Min(30, settings.FetchSeconds));

    private readonly SemaphoreSlim places = new(InParallel);
    private readonly HttpMessageInvoker client = new(UrlFetcher.Handler(guard, DecompressionMethods.None));

    /// <summary>
    /// Computes the value of the <c>webhook-signature</c> header: HMAC-SHA256 of id, timestamp and body with the bytes of the secret.
    /// </summary>
    public static string Sign(string secret, string id, long timestamp, string body)
    {
        byte[] key = Convert.FromBase64String(secret["whsec_".Length..]);
        string text = string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.{body}");
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }

    public override void Dispose()
    {
        client.Dispose();
        places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var queue = grains.GetGrain<IQueueGrain>(IQueueGrain.Key);
        try
        {
            await Rounds.RunAsync(RoundAsync, TimeSpan.FromSeconds(1), time, LogWaits, LogFailed, stoppingToken);
        }
        finally
        {
            for (int i = 0; i < InParallel; i++) await places.WaitAsync(CancellationToken.None); // until the sends in work have ended
        }

        async Task RoundAsync()
        {
            await places.WaitAsync(stoppingToken);
            JobRecord? due = null;
            try
            {
                due = await queue.NextWebhookAsync(Wait).WaitAsync(stoppingToken);
            }
            finally
            {
                if (due is null)
                    places.Release();
            }
            if (due is not null)
                _ = SendAsync(due, stoppingToken);
        }
    }

    private async Task SendAsync(JobRecord job, CancellationToken cancellationToken)
    {
        try
        {
            if (job.Webhook is { Settled: false } state)
                await grains.GetGrain<IJobGrain>(job.Id).RecordWebhookAsync(await TryAsync(job, state, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The service stops; the webhook is sent after the next start.
        }
        catch (Exception exception) when (Outage.Is(exception))
        {
            LogWaits(exception.Message); // The queue hands the webhook out again.
        }
        catch (Exception exception)
        {
            LogFailed(exception);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<WebhookState> TryAsync(JobRecord job, WebhookState state, CancellationToken cancellationToken)
    {
        long from = time.GetTimestamp();
        var outcome = await AttemptAsync(job, cancellationToken);
        var took = time.GetElapsedTime(from);
        var now = time.GetUtcNow();
        var next = state with { Attempts = state.Attempts + 1, LastStatus = outcome.Status, LastError = outcome.Error, LastAt = now };
        if (outcome.Error is null)
        {
            metrics.Webhook("delivered", took);
            return next with { Settled = true, NextAt = null };
        }
        LogRefused(job.Id, next.Attempts, outcome.Error);
        bool over = outcome.IsFinal || now - (state.AskedAt ?? job.FinishedAt) > TimeSpan.FromHours(settings.WebhookHours);
        metrics.Webhook(over ? "given_up" : "failed", took);
        return next with { Settled = over, NextAt = over ? null : now + Pause(next.Attempts, outcome.RetryAfter) };
    }

    private async Task<Outcome> AttemptAsync(JobRecord job, CancellationToken cancellationToken)
    {
        try
        {
            return await PostAsync(job, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (exception is OperationCanceledException)
                return new Outcome(null, $"no answer within {LongestAnswer.TotalSeconds} s", IsFinal: false);
            var cause = exception.InnerException ?? exception;
            return new Outcome(null, cause.Message, IsFinal: cause is InputException { Retryable: false });
        }
    }

    /// <summary>
    /// Returns the pause before the next attempt: 1, 2, 4 ... seconds up to two hours, times a random factor from 0.5 to 1, so that
    /// retries of many jobs spread out. A longer pause is kept if the receiver asked for it, also up to two hours.
    /// </summary>
    private static TimeSpan Pause(int attempt, TimeSpan? asked)
    {
        double whole = Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(attempt - 1, 20)));
        double pause = whole * (0.5 + RandomNumberGenerator.GetInt32(1000) / 2000.0);
        return TimeSpan.FromSeconds(Math.Clamp(asked?.TotalSeconds ?? 0, pause, LongestPause.TotalSeconds));
    }

    private async Task<Outcome> PostAsync(JobRecord job, CancellationToken cancellationToken)
    {
        using var span = Tracing.Start("webhook", job);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestAnswer);
        long timestamp = time.GetUtcNow().ToUnixTimeSeconds();
        string body = JsonSerializer.Serialize(
            new WebhookView($"job.{job.Status.ToString().ToLowerInvariant()}", job.FinishedAt ?? time.GetUtcNow(), JobView.From(job)),
            Problems.Json);
        // The jobs of a revoked token still send their webhooks.
        if (tokens.Find(job.Owner) is not { } token)
            return new Outcome(null, "the token that signs it was removed", IsFinal: true);
        using var request = new HttpRequestMessage(HttpMethod.Post, UrlFetcher.Check(job.Request.Webhook!));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Locutor/0.1");
        request.Headers.TryAddWithoutValidation("webhook-id", "msg_" + job.Id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", Sign(token.WebhookSecret, "msg_" + job.Id, timestamp, body));
        using var response = await client.SendAsync(request, limit.Token);
        int status = (int)response.StatusCode;
        return new Outcome(
            status, response.IsSuccessStatusCode ? null : $"answered {status}", IsFinal: response.StatusCode is HttpStatusCode.Gone)
        {
            RetryAfter = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - time.GetUtcNow() : null,
        };
    }

    /// <summary>The outcome of one attempt.</summary>
    /// <param name="IsFinal">
    /// Whether further attempts are useless: the address is not allowed, or the receiver answered that it is gone.
    /// </param>
    private sealed record Outcome(int? Status, string? Error, bool IsFinal)
    {
        /// <summary>Pause that the receiver asked for; null if it asked for none.</summary>
        public TimeSpan? RetryAfter { get; init; }
    }

    [LoggerMessage(LogLevel.Warning, "webhooks cannot be sent until the queue answers: {Reason}")]
    private partial void LogWaits(string reason);

    [LoggerMessage(LogLevel.Warning, "the webhook of {Job} failed at attempt {Attempt}: {Reason}")]
    private partial void LogRefused(string job, int attempt, string reason);

    [LoggerMessage(LogLevel.Error, "sending webhooks failed")]
    private partial void LogFailed(Exception exception);
}

/// <summary>The body of a webhook.</summary>
internal sealed record WebhookView(string Type, DateTimeOffset Timestamp, JobView Data);
