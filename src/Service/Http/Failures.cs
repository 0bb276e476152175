using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Jobs.Records;
using Locutor.Service.Availability;
using Locutor.Service.Telemetry;

namespace Locutor.Service.Http;

/// <summary>
/// Turns exceptions into problem responses. Unexpected exceptions are logged, and their details are not sent to the caller.
/// </summary>
internal sealed partial class Failures(RequestDelegate next, ILogger<Failures> logger)
{
    private static readonly (string Code, string Detail) Unsupported =
        ("unsupported_media_type", "expected the content type application/json or multipart/form-data");

    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(() =>
        {
            if (context.Response.StatusCode >= 500)
                Trace(context);
            return Task.CompletedTask;
        });
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.ContentType is null && context.Response.ContentLength is null
                && Empty(context.Response.StatusCode) is { } answer)
            {
                await Problems.WriteAsync(context, context.Response.StatusCode, answer.Code, answer.Detail);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has disconnected.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, exception);
        }
    }

    /// <summary>Writes the trace id into a header too, for error responses without problem details in JSON.</summary>
    private void Trace(HttpContext context)
    {
        context.Response.Headers[RequestTrace.Header] = RequestTrace.IdOf(context);
        // Load balancers check readiness every second, so only changes of the reasons are logged.
        if (!context.Request.Path.Equals("/readyz", StringComparison.Ordinal))
            LogFailed(context.Request.Method, RequestTrace.PathOf(context), context.Response.StatusCode, RequestTrace.IdOf(context));
    }

    private Task AnswerAsync(HttpContext context, Exception exception)
    {
        var headers = context.Response.Headers.Where(header => !DescribesContent(header.Key)).ToList();
        context.Response.Clear();
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        switch (exception)
        {
            case ProblemException problem:
                return Problems.WriteAsync(context, problem);
            case BadHttpRequestException bad:
                var (code, detail) = bad.StatusCode switch
                {
                    408 => (JobError.TimedOut, bad.Message),
                    413 => (JobError.TooLarge, bad.Message),
                    415 => Unsupported,
                    _ => (JobError.InvalidRequest, Explain(bad)),
                };
                return Problems.WriteAsync(context, bad.StatusCode, code, detail);
            case var _ when Outage.Is(exception):
                LogOutage(
                    context.Request.Method, RequestTrace.PathOf(context), RequestTrace.IdOf(context), exception.GetType().Name,
                    exception.Message.ReplaceLineEndings(" "));
                context.Response.Headers.RetryAfter = Outage.RetryAfter.ToString(System.Globalization.CultureInfo.InvariantCulture);
                return Problems.WriteAsync(
                    context, 503, "unavailable", "the service has temporarily lost its database or one of its nodes; ask again");
            default:
                LogUnforeseen(exception, context.Request.Method, RequestTrace.PathOf(context), RequestTrace.IdOf(context));
                return Problems.WriteAsync(
                    context, 500, JobError.Internal, "the service failed; its log has the reason under this trace_id");
        }
    }

    /// <summary>Names the field or parameter that cannot be read, where the message of the framework names a type of the program.</summary>
    private static string Explain(BadHttpRequestException bad) => bad.InnerException switch
    {
        JsonException { Path: ['$', '.', .. var field] } => $"{field}: this value cannot be read",
        JsonException => "the body cannot be read as JSON",
        _ when Unbound.Match(bad.Message) is { Success: true } match =>
            $"{match.Groups["name"]}: the value '{match.Groups["value"]}' cannot be read",
        _ when Missing.Match(bad.Message) is { Success: true } match => $"{match.Groups["name"]}: expected a value, found none",
        _ when bad.Message.Contains("no body was provided", StringComparison.Ordinal) => "expected a body in JSON, found none",
        _ => bad.Message,
    };

    /// <summary>Returns whether a header describes the content of the response that failed and must be removed.</summary>
    private static bool DescribesContent(string header) =>
        (header.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) && header != "Content-Security-Policy")
        || header is "Accept-Ranges" or "Cache-Control" or "ETag" or "Last-Modified" or "Location" or "Transfer-Encoding";

    /// <summary>Returns the code and message for a status that routing returned without a body.</summary>
    private static (string Code, string Detail)? Empty(int status) => status switch
    {
        400 => (JobError.InvalidRequest, "the request cannot be read"),
        404 => ("not_found", "this address does not exist"),
        405 => ("method_not_allowed", "this address does not support this method"),
        415 => Unsupported,
        _ => null,
    };

    [GeneratedRegex("^Failed to bind parameter \"[^\"]* (?<name>[^ \"]+)\" from \"(?<value>.*)\"\\.$", RegexOptions.Singleline)]
    private static partial Regex Unbound { get; }

    [GeneratedRegex("^Required parameter \"[^\"]* (?<name>[^ \"]+)\" was not provided from ")]
    private static partial Regex Missing { get; }

    [LoggerMessage(LogLevel.Warning, "{Method} {Path} could not be answered, trace {TraceId}: {Kind}, {Reason}")]
    private partial void LogOutage(string method, string path, string traceId, string kind, string reason);

    [LoggerMessage(LogLevel.Information, "{Method} {Path} was answered with {Status}, trace {TraceId}")]
    private partial void LogFailed(string method, string path, int status, string traceId);

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed, trace {TraceId}")]
    private partial void LogUnforeseen(Exception exception, string method, string path, string traceId);
}
