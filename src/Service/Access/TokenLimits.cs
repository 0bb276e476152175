using System.Globalization;
using Locutor.Jobs.Limits;
using Locutor.Service.Settings;

namespace Locutor.Service.Access;

/// <summary>The rate limits of a token for requests and for submissions, counted over all machines of the cluster.</summary>
public sealed partial class TokenLimits(IGrainFactory grains, ServeSettings settings, TimeProvider time, ILogger<TokenLimits> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly BucketTable own = new(time);

    /// <summary>Counts a request of a token and returns the state of its limit.</summary>
    public Task<LimitReply> CountRequestAsync(string keyId) => TakeAsync("requests/" + keyId, settings.RequestsPerMinute);

    /// <summary>Counts a submission of a token and returns the state of its limit.</summary>
    public Task<LimitReply> CountSubmissionAsync(string keyId) => TakeAsync("submissions/" + keyId, settings.SubmitsPerMinute);

    /// <summary>
    /// Writes the remaining requests and the seconds until the limit is full again into the response headers, unless they were sent
    /// already: an event stream of the Model Context Protocol begins before its tool is called.
    /// </summary>
    public static void Describe(HttpResponse response, LimitReply reply)
    {
        if (response.HasStarted) return;
        response.Headers["RateLimit-Limit"] = reply.Limit.ToString(CultureInfo.InvariantCulture);
        response.Headers["RateLimit-Remaining"] = reply.Remaining.ToString(CultureInfo.InvariantCulture);
        response.Headers["RateLimit-Reset"] = Seconds(reply.Reset);
    }

    /// <summary>Returns the whole seconds to wait before the next request; at least 1.</summary>
    public static int Wait(LimitReply reply) => (int)Math.Ceiling(Math.Max(1, reply.RetryAfter));

    /// <summary>
    /// Counts in the cluster. If the cluster does not answer, this machine counts alone, so that the limit does not refuse requests that
    /// the service can answer.
    /// </summary>
    private async Task<LimitReply> TakeAsync(string key, int perMinute)
    {
        try
        {
            return await grains.GetGrain<ILimitGrain>(key).TakeAsync(perMinute).WaitAsync(Patience, time);
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException or InvalidOperationException)
        {
            LogAlone(exception.Message);
            return own.Take(key, perMinute);
        }
    }

    private static string Seconds(double seconds) => Math.Ceiling(seconds).ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Debug, "requests are counted on this machine only: {Reason}")]
    private partial void LogAlone(string reason);
}
