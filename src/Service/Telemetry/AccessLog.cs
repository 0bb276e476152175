using System.Diagnostics;
using Locutor.Jobs.Tokens;
using Locutor.Service.Settings;

namespace Locutor.Service.Telemetry;

/// <summary>
/// Logs one line per request when the setting <c>access_log</c> is on. Query strings are omitted, since they may identify jobs.
/// </summary>
internal sealed partial class AccessLog(RequestDelegate next, ServeSettings settings, ILogger<AccessLog> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!settings.AccessLog)
        {
            await next(context);
            return;
        }
        long start = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            string token = context.Features.Get<Token>()?.KeyId ?? "-";
            double seconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            LogRequest(
                context.Connection.RemoteIpAddress?.ToString() ?? "-", token, context.Request.Method, RequestTrace.PathOf(context),
                context.Response.StatusCode, Math.Round(seconds, 1), context.Response.ContentLength, RequestTrace.IdOf(context));
        }
    }

    [LoggerMessage(LogLevel.Information, "{Address} {Token} {Method} {Path} {Status} {Milliseconds} ms, {Bytes} bytes, trace {TraceId}")]
    private partial void LogRequest(
        string address, string token, string method, string path, int status, double milliseconds, long? bytes, string traceId);
}
