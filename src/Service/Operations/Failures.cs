using Locutor.Jobs.Records;
using Locutor.Service.V1;

namespace Locutor.Service.Operations;

/// <summary>Turns what goes wrong into problems; whatever is not foreseen is logged and answered without its details.</summary>
internal sealed partial class Failures(RequestDelegate next, ILogger<Failures> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405 && context.Response.ContentType is null)
            {
                var status = context.Response.StatusCode;
                await Problems.WriteAsync(context, status, status == 404 ? "not_found" : "method_not_allowed", "there is nothing here for this method and address");
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone away.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, exception);
        }
    }

    private Task AnswerAsync(HttpContext context, Exception exception)
    {
        var headers = context.Response.Headers.Where(header => header.Key is "Content-Security-Policy" or "X-Content-Type-Options" or "Referrer-Policy").ToList();
        context.Response.Clear();
        foreach (var (name, value) in headers)
            context.Response.Headers[name] = value;
        switch (exception)
        {
            case ProblemException problem:
                return Problems.WriteAsync(context, problem);
            case BadHttpRequestException bad:
                var code = bad.StatusCode is 413 ? JobError.TooLarge : bad.StatusCode is 408 ? JobError.TimedOut : JobError.InvalidRequest;
                return Problems.WriteAsync(context, bad.StatusCode, code, bad.Message);
            case TimeoutException:
                context.Response.Headers.RetryAfter = "5";
                return Problems.WriteAsync(context, 503, JobError.TimedOut, "the service is too busy to answer in time");
            default:
                LogUnforeseen(exception, context.Request.Method);
                return Problems.WriteAsync(context, 500, JobError.Internal, "the service failed; its log says why");
        }
    }

    [LoggerMessage(LogLevel.Error, "a {Method} request failed")]
    private partial void LogUnforeseen(Exception exception, string method);
}
