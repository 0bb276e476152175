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

/// <summary>Checks the options when the program starts.</summary>
internal sealed class OptionsCheck(IServiceProvider services) : IValidateOptions<LocutorOptions>
{
    public ValidateOptionsResult Validate(string? name, LocutorOptions options)
    {
        string[] unknown = [.. OptionsBinding.Unknown(services)];
        if (unknown.Length > 0) return ValidateOptionsResult.Fail(unknown);
        if (options.MemoryBudget < 1)
        {
            return ValidateOptionsResult.Fail(
                $"Locutor: {nameof(options.MemoryBudget)}: expected at least 1 byte, found {options.MemoryBudget}");
        }

        try
        {
            var settings = SettingsTable.Read(OptionsMapping.ToConfiguration(options));
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
