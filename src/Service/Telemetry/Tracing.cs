using System.Collections;
using System.Diagnostics;
using Locutor.Jobs.Records;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Locutor.Service.Telemetry;

/// <summary>
/// Tracing of jobs. The request that submitted a job, the fetch of its inputs, every attempt on a worker and every webhook are spans of one
/// trace. Spans are exported to the collector that the standard environment variable names; without it they are not recorded.
/// </summary>
internal static class Tracing
{
    private const string Collector = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static readonly ActivitySource Source = new("Locutor.Jobs");

    public static bool IsOn { get; } = Environment.GetEnvironmentVariable(Collector) is { Length: > 0 };

    /// <summary>The W3C trace context of the current request, or null. A job keeps it, so that later spans join the trace.</summary>
    public static string? Current => IsOn ? Activity.Current?.Id : null;

    public static void Add(IHostApplicationBuilder builder)
    {
        // The exporter reads its standard variables from the configuration of the host, which is empty in this program.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value))
            .Where(variable => variable.Key.StartsWith("OTEL_", StringComparison.Ordinal)));
        if (IsOn)
        {
            builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("locutor")).WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation().AddSource(Source.Name).AddOtlpExporter());
        }
    }

    /// <summary>Starts a span in the trace of the job; returns null when spans are not recorded.</summary>
    public static Activity? Start(string name, JobRecord job)
    {
        ActivityContext.TryParse(job.Request.TraceParent, null, out var parent);
        return Source.StartActivity(name, ActivityKind.Internal, parent)?.SetTag("locutor.job", job.Id)
            .SetTag("locutor.attempt", job.Attempt);
    }
}
