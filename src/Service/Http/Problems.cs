using System.Text.Json;
using System.Text.Json.Serialization;
using Locutor.Service.Telemetry;

namespace Locutor.Service.Http;

/// <summary>An error response in the format of RFC 9457 with a stable code.</summary>
public sealed record Problem
{
    public string Type { get; init; } = "about:blank";
    public string Title { get; init; } = "";
    public int Status { get; init; }

    /// <summary>
    /// The stable code for programs: invalid_request, unsupported_media, unsupported_media_type, too_large, audio_too_short,
    /// fetch_failed, address_blocked, timeout, missing_credentials, invalid_credentials, missing_scope, forbidden_origin,
    /// invalid_link, too_many_attempts, rate_limited, quota_exceeded, queue_full, disk_full, idempotency_key_reused, not_found,
    /// method_not_allowed, not_ready, no_webhook, expired, draining, unavailable or internal. A failed job may also have
    /// deadline_passed, gpu_out_of_memory, not_finite or worker_lost.
    /// </summary>
    public string Code { get; init; } = "";

    /// <summary>The message for people.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Whether the request may succeed later without a change.</summary>
    public bool Retryable { get; init; }

    /// <summary>The errors by the name of the field; null when the error belongs to no field.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>The id under which the log of the service describes this failure.</summary>
    public string? TraceId { get; init; }
}

/// <summary>Ends a request with a problem response.</summary>
public sealed class ProblemException(int status, string code, string detail) : Exception(detail)
{
    public int Status { get; } = status;
    public string Code { get; } = code;
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>The seconds after which the request may be repeated.</summary>
    public int? RetryAfter { get; init; }
}

/// <summary>Metadata of an endpoint whose error responses have another format than RFC 9457.</summary>
/// <param name="Convert">Returns what is written as JSON.</param>
public sealed record ErrorForm(Func<Problem, object> Convert);

/// <summary>Writes problem responses and sets the JSON format of all endpoints under <c>/v1</c>.</summary>
public static class Problems
{
    /// <summary>The JSON options: names in snake_case, and null values are left out.</summary>
    public static JsonSerializerOptions Json { get; } = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        return options;
    }

    public static Task WriteAsync(HttpContext context, ProblemException problem)
    {
        if (problem.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return WriteAsync(context, problem.Status, problem.Code, problem.Message, problem.Errors);
    }

    public static Task WriteAsync(
        HttpContext context, int status, string code, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        context.Response.StatusCode = status;
        var problem = Create(context, status, code, detail, errors);
        return context.GetEndpoint()?.Metadata.GetMetadata<ErrorForm>() is { } form
            ? context.Response.WriteAsJsonAsync(form.Convert(problem), Json, "application/json")
            : context.Response.WriteAsJsonAsync(problem, Json, "application/problem+json");
    }

    /// <summary>Returns the problem that <see cref="WriteAsync(HttpContext, ProblemException)"/> would write.</summary>
    public static Problem Create(HttpContext context, ProblemException problem) =>
        Create(context, problem.Status, problem.Code, problem.Message, problem.Errors);

    private static Problem Create(
        HttpContext context, int status, string code, string detail, IReadOnlyDictionary<string, string[]>? errors) => new()
        {
            Title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status),
            Status = status,
            Code = code,
            Detail = detail,
            Retryable = status is 408 or 425 or 429 or 502 or 503 or 504,
            Errors = errors,
            TraceId = status >= 500 ? RequestTrace.IdOf(context) : null,
        };
}
