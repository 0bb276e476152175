using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Locutor.AspNetCore;

/// <summary>Binds the options to the section "Locutor" of the program's configuration.</summary>
internal sealed class OptionsBinding(IServiceProvider services) : IConfigureOptions<LocutorOptions>
{
    private const string Section = "Locutor";

    private static readonly string[] Names = [.. typeof(LocutorOptions).GetProperties().Select(property => property.Name)];

    public void Configure(LocutorOptions options) => SectionOf(services)?.Bind(options);

    /// <summary>Returns a message for each name in the section that is no option; a misspelt one would have no effect.</summary>
    public static IEnumerable<string> Unknown(IServiceProvider services) =>
        from entry in SectionOf(services)?.GetChildren() ?? []
        where !Names.Contains(entry.Key, StringComparer.OrdinalIgnoreCase)
        select $"{entry.Path}: expected one of {string.Join(", ", Names)}. " +
            $"A setting of the service belongs into {Section}:Settings, such as {Section}:Settings:max_queued";

    private static IConfigurationSection? SectionOf(IServiceProvider services) =>
        services.GetService<IConfiguration>()?.GetSection(Section);
}
