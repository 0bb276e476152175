using System.Diagnostics;

namespace Locutor.Service.Telemetry;

/// <summary>The id that an error answer and the log lines of its request share.</summary>
internal static class RequestTrace
{
    /// <summary>The header with the id, in every response with a status of 500 or more.</summary>
    public const string Header = "Trace-Id";

    private static readonly object Key = new();

    /// <summary>Returns the W3C trace id of the request, or 32 random hexadecimal digits when no trace is recorded.</summary>
    public static string IdOf(HttpContext context)
    {
        if (context.Items.TryGetValue(Key, out object? known))
            return (string)known!;
        string id = (Activity.Current?.TraceId ?? ActivityTraceId.CreateRandom()).ToHexString();
        context.Items[Key] = id;
        return id;
    }

    /// <summary>Returns the path of the request for the log. It is escaped, so that no caller can forge log lines.</summary>
    public static string PathOf(HttpContext context) =>
        Uri.EscapeDataString(context.Request.Path.Value ?? "").Replace("%2F", "/", StringComparison.Ordinal);
}
