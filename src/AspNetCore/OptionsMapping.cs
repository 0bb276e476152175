using System.Globalization;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Models;
using Locutor.Service.Settings;
using Locutor.Service.Submissions;
using Locutor.Torch;
using Locutor.Torch.Cuda;
using Locutor.Torch.Loading;
using Microsoft.Extensions.Options;

namespace Locutor.AspNetCore;

/// <summary>The options of a program as the service's own settings, so that both have the same ranges.</summary>
internal static class OptionsMapping
{
    /// <exception cref="SettingsException">A value is out of range, or there is no such setting.</exception>
    public static ServeSettings ToSettings(LocutorOptions options)
    {
        var values = new List<KeyValuePair<string, string>>
        {
            new("no_auth", options.RequireTokens ? "false" : "true"),
            new("keep_days", Number(options.KeepResults.TotalDays)),
            new("drain_seconds", Number(options.DrainTime.TotalSeconds)),
            new("precision", options.Precision.ToString()),
        };
        if (options.DataFolder is { } data) values.Add(new("data", Path.GetFullPath(data)));
        if (options.Model is { } model) values.Add(new("model", model));
        if (options.Store is { } store) values.Add(new("store", store));
        values.AddRange(options.Settings);
        values.Add(new("workers", "none")); // this program runs the worker itself
        return values.Aggregate(new ServeSettings(), (settings, pair) => SettingsTable.Apply(settings, pair.Key, pair.Value));
    }

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Checks the options when the program starts.</summary>
internal sealed class OptionsCheck : IValidateOptions<LocutorOptions>
{
    public ValidateOptionsResult Validate(string? name, LocutorOptions options)
    {
        try
        {
            var settings = OptionsMapping.ToSettings(options);
            if (options.MemoryBudget < 1)
                return ValidateOptionsResult.Fail(
                    $"{nameof(options.MemoryBudget)}: expected at least 1 byte, found {options.MemoryBudget}");
            TorchLibraries.Load(TorchOptions.FromEnvironment());
            DeviceFinder.Find(options.Device);
            ModelCatalog.FromDisk(settings);
            return ValidateOptionsResult.Success;
        }
        catch (Exception wrong)
            when (wrong is SettingsException or RequestException or BundleException or DeviceUnavailableException
                or GpuCapabilityException or DllNotFoundException)
        {
            return ValidateOptionsResult.Fail($"Locutor: {wrong.Message}");
        }
    }
}
