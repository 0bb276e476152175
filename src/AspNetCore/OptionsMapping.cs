using System.Globalization;
using Locutor.Service.Settings;
using Microsoft.Extensions.Configuration;

namespace Locutor.AspNetCore;

/// <summary>Translates the options of a program into settings of the service, so that both have the same ranges and messages.</summary>
internal static class OptionsMapping
{
    /// <summary>Returns the settings as the service reads them.</summary>
    public static IConfiguration ToConfiguration(LocutorOptions options)
    {
        var values = new List<KeyValuePair<string, string>>
        {
            new("no_auth", options.RequireTokens ? "false" : "true"),
            new("keep_days", Number(options.KeepResults.TotalDays)),
            new("drain_seconds", Number(options.DrainTime.TotalSeconds)),
            new("precision", options.Precision.ToString()),
        };
        if (options.DataFolder is { } data) values.Add(new("data", data));
        if (options.Model is { } model) values.Add(new("model", model));
        if (options.Store is { } store) values.Add(new("store", store));
        values.AddRange(options.Settings);
        values.Add(new("workers", "none")); // this program runs the worker itself
        return SettingsConfiguration.From(values);
    }

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
