using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Locutor.Service.Settings;

/// <summary>
/// Creates <see cref="ServeSettings"/> from the section "Locutor" of the configuration and checks them when the service starts.
/// <see cref="SettingsTable"/> defines the names, the ranges and the help.
/// </summary>
internal sealed class SettingsOptions(IConfiguration configuration, IEnumerable<IValidateOptions<ServeSettings>> checks)
    : OptionsFactory<ServeSettings>([], [], checks)
{
    /// <summary>Registers the settings as options. Services inject <see cref="ServeSettings"/>, since settings never change.</summary>
    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<IOptionsFactory<ServeSettings>, SettingsOptions>();
        services.AddOptions<ServeSettings>().ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ServeSettings>>().Value);
    }

    protected override ServeSettings CreateInstance(string name) => SettingsTable.Read(configuration);
}
