using Locutor.AspNetCore;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the Locutor job service to a program.</summary>
public static class LocutorServiceCollectionExtensions
{
    /// <summary>
    /// Adds the job service: its queue, its storage and a worker, which start and stop with the program. Map its API with
    /// <c>MapLocutor</c>. The options are bound to the section <c>Locutor</c> of the program's configuration: <c>appsettings.json</c>,
    /// environment variables such as <c>Locutor__Model</c>, or the command line. <paramref name="configure"/> runs after that.
    /// </summary>
    /// <param name="services">The program's services.</param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    /// <remarks>The program does not start if an option is invalid: <see cref="OptionsValidationException"/> names it with the
    /// reason.</remarks>
    public static IServiceCollection AddLocutor(this IServiceCollection services, Action<LocutorOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton<IConfigureOptions<LocutorOptions>, OptionsBinding>();
        services.AddOptions<LocutorOptions>().Configure(options => configure?.Invoke(options)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LocutorOptions>, OptionsCheck>();
        return services.AddSingleton<ServiceHost>().AddHostedService(provider => provider.GetRequiredService<ServiceHost>());
    }
}
