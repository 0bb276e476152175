using System.ComponentModel;
using System.Globalization;
using System.Text;
using Locutor.Jobs.Records;
using Locutor.Jobs.Tokens;
using Locutor.Jobs.Usage;
using Locutor.Service.Access;
using Locutor.Service.Http;
using Microsoft.AspNetCore.Mvc;

namespace Locutor.Service.Api.V1;

/// <summary>The endpoint of the usage of tokens, as JSON or CSV.</summary>
internal static class UsageEndpoints
{
    private const int MostDays = 732;
    private const string Header =
        "period,key,name,model,jobs,succeeded,failed,canceled,video_seconds,gpu_seconds,bytes_in,bytes_out";

    public static void Map(RouteGroupBuilder v1) => v1.MapGroup("").WithTags("Service").MapGet("/usage", ReadAsync)
        .Needs(TokenScopes.Read).Produces<UsageView>().ProducesProblems(400, 401, 403).WithName("getUsage")
        .WithSummary("Usage of jobs: seconds of video, seconds of GPU time, bytes")
        .WithDescription(
            "Sums over the jobs that ended in a period, by token and model. ?all returns the usage of all tokens, for tokens with the " +
            "scope operate. ?format=csv returns the rows as CSV.");

    private static async Task<IResult> ReadAsync(
        HttpContext context, UsageStore usage, TokenStore tokens, MonthQuota quota, TimeProvider time,
        [FromQuery, Description("First day in UTC, as 2027-03-01. Default: the first day of this month.")] string? from = null,
        [FromQuery, Description("Day after the last one. Default: tomorrow.")] string? to = null,
        [FromQuery, Description("month (the default) or day.")] string? by = null,
        [FromQuery, Description("json (the default) or csv.")] string? format = null,
        [FromQuery, Description("Present: all tokens.")] string? all = null)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var (first, end) = (DayOf("from", from) ?? new DateOnly(today.Year, today.Month, 1), DayOf("to", to) ?? today.AddDays(1));
        if (end <= first || end.DayNumber - first.DayNumber > MostDays)
            throw Refused($"from, to: expected 1 to {MostDays} days, found {first:yyyy-MM-dd} to {end:yyyy-MM-dd}");
        if (by is not (null or "month" or "day"))
            throw Refused($"by: expected month or day, found '{by}'");
        if (format is not (null or "json" or "csv"))
            throw Refused($"format: expected json or csv, found '{format}'");
        var caller = context.Caller();
        if (all is not null && !caller.Scopes.HasFlag(TokenScopes.Operate))
            throw new ProblemException(403, "missing_scope", "the usage of all tokens needs the scope operate");
        var days = await Task.Run(() => usage.Read(all is null ? caller.KeyId : null, first, end));
        var names = tokens.List().Append(caller).DistinctBy(token => token.KeyId).ToDictionary(token => token.KeyId, token => token.Name);
        var rows = Sum(days, by == "day" ? "yyyy-MM-dd" : "yyyy-MM", names);
        if (format == "csv")
            return Results.Text(Csv(rows), "text/csv", Encoding.UTF8);
        return Results.Json(new UsageView(first, end, rows, QuotaView.From(await quota.ReadAsync(caller))), Problems.Json);
    }

    private static UsageRow[] Sum(IEnumerable<DayOfUsage> days, string period, Dictionary<string, string> names) =>
    [
        .. days.GroupBy(day => (Period: day.Day.ToString(period, CultureInfo.InvariantCulture), day.KeyId, day.Model)).Select(group =>
            new UsageRow(
                group.Key.Period, group.Key.KeyId, names.GetValueOrDefault(group.Key.KeyId, ""), group.Key.Model,
                group.Sum(day => day.Jobs), group.Sum(day => day.Succeeded), group.Sum(day => day.Failed),
                group.Sum(day => day.Canceled), Math.Round(group.Sum(day => day.VideoSeconds), 3),
                Math.Round(group.Sum(day => day.GpuSeconds), 3), group.Sum(day => day.BytesIn), group.Sum(day => day.BytesOut))),
    ];

    private static string Csv(IEnumerable<UsageRow> rows)
    {
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var row in rows)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{row.Period},{row.Key},{Quoted(row.Name)},{Quoted(row.Model)},{row.Jobs},{row.Succeeded},{row.Failed},{row.Canceled}," +
                $"{row.VideoSeconds},{row.GpuSeconds},{row.BytesIn},{row.BytesOut}\r\n");
        }
        return text.ToString();
    }

    /// <summary>
    /// Quotes a text for CSV (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe in front.
    /// </summary>
    private static string Quoted(string text)
    {
        string safe = text.Length > 0 && "=+-@\t\r".Contains(text[0]) ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static DateOnly? DayOf(string name, string? text) => text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
        : throw Refused($"{name}: expected a day as 2027-03-01, found '{text}'");

    private static ProblemException Refused(string detail) => new(400, JobError.InvalidRequest, detail);
}

/// <summary>The usage of a period.</summary>
/// <param name="From">The first day in UTC.</param>
/// <param name="To">The day after the last one.</param>
/// <param name="Quota">The usage of the caller's token in this month, and its limits.</param>
internal sealed record UsageView(DateOnly From, DateOnly To, IReadOnlyList<UsageRow> Rows, QuotaView Quota);

/// <summary>The usage of one token and model in one period.</summary>
/// <param name="Period">A month as 2027-03, or a day as 2027-03-01.</param>
/// <param name="Key">The key id of the token.</param>
/// <param name="GpuSeconds">Time of all attempts, of each device of a worker. A worker on a CPU counts as one device.</param>
/// <param name="BytesIn">Bytes of inputs.</param>
/// <param name="BytesOut">Bytes of videos.</param>
internal sealed record UsageRow(
    string Period, string Key, string Name, string Model, int Jobs, int Succeeded, int Failed, int Canceled, double VideoSeconds,
    double GpuSeconds, long BytesIn, long BytesOut);

/// <summary>The usage of a token in this month (UTC), and its limits; a missing limit allows any amount.</summary>
internal sealed record QuotaView(double VideoSeconds, double GpuSeconds, double? VideoSecondsLimit, double? GpuSecondsLimit)
{
    public static QuotaView From(MonthUse use)
    {
        static double? Known(double limit) => limit > 0 ? limit : null;
        return new QuotaView(
            Math.Round(use.VideoSeconds, 3), Math.Round(use.GpuSeconds, 3), Known(use.VideoLimit), Known(use.GpuLimit));
    }
}
