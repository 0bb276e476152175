using System.Collections.Concurrent;
using System.Globalization;
using Locutor.Jobs.Tokens;
using Locutor.Jobs.Usage;
using Locutor.Service.Http;
using Locutor.Service.Settings;

namespace Locutor.Service.Access;

/// <summary>The usage of a token in the current calendar month (UTC), and its limits; a limit of 0 allows any amount.</summary>
public sealed record MonthUse(double VideoSeconds, double GpuSeconds, double VideoLimit, double GpuLimit);

/// <summary>
/// The quota of a token in a calendar month. Jobs that were accepted before the quota was used up still run to their end.
/// </summary>
public sealed class MonthQuota(UsageStore usage, ServeSettings settings, TimeProvider time)
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, (MonthUse Use, DateTimeOffset Until)> recent = new(StringComparer.Ordinal);

    /// <summary>Refuses a submission of a token whose quota is used up.</summary>
    /// <exception cref="ProblemException">Status 429; the request may be repeated in the next month.</exception>
    public async Task CheckAsync(Token token)
    {
        var (video, gpu) = Limits(token);
        if (video == 0 && gpu == 0)
            return;
        var use = await ReadAsync(token);
        if (video > 0 && use.VideoSeconds >= video)
            throw Exceeded(use.VideoSeconds, video, "seconds of video");
        if (gpu > 0 && use.GpuSeconds >= gpu)
            throw Exceeded(use.GpuSeconds, gpu, "seconds of GPU time");
    }

    /// <summary>Returns the use of this month. It may be a second old.</summary>
    public async Task<MonthUse> ReadAsync(Token token)
    {
        var now = time.GetUtcNow();
        if (recent.TryGetValue(token.KeyId, out var known) && known.Until > now)
            return known.Use;
        var month = new DateOnly(now.Year, now.Month, 1);
        var days = await Task.Run(() => usage.Read(token.KeyId, month, month.AddMonths(1)));
        var (video, gpu) = Limits(token);
        var use = new MonthUse(days.Sum(day => day.VideoSeconds), days.Sum(day => day.GpuSeconds), video, gpu);
        recent[token.KeyId] = (use, now + Memory);
        return use;
    }

    private (double Video, double Gpu) Limits(Token token) =>
        (token.Quota.MonthVideoSeconds ?? settings.MonthVideoSeconds, token.Quota.MonthGpuSeconds ?? settings.MonthGpuSeconds);

    private ProblemException Exceeded(double used, double limit, string what)
    {
        var now = time.GetUtcNow();
        var next = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1);
        string detail = string.Create(
            CultureInfo.InvariantCulture, $"this token has used {used:0.#} of {limit:0.#} {what} of this month (UTC)");
        return new ProblemException(429, "quota_exceeded", detail) { RetryAfter = (int)Math.Ceiling((next - now).TotalSeconds) };
    }
}
