using Locutor.AspNetCore;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the addresses of the Locutor job service.</summary>
public static class LocutorEndpointRouteBuilderExtensions
{
    private const string Api = "/v1";

    /// <summary>
    /// Maps the HTTP API of the job service. Call <c>RequireAuthorization</c> on the result to admit only users of the program.
    /// </summary>
    /// <param name="endpoints">The program's routes.</param>
    /// <param name="pattern">Path of the API; must be <c>/v1</c>, because links in the answers begin with it.</param>
    /// <returns>Conventions of the mapped endpoint.</returns>
    /// <exception cref="ArgumentException"><paramref name="pattern"/> is another path.</exception>
    /// <exception cref="InvalidOperationException"><c>AddLocutor</c> was not called.</exception>
    public static IEndpointConventionBuilder MapLocutor(this IEndpointRouteBuilder endpoints, string pattern = Api)
    {
        var service = ServiceOf(endpoints);
        if (pattern.TrimEnd('/') != Api)
        {
            throw new ArgumentException(
                $"expected {Api}, found '{pattern}'; a reverse proxy can offer the service under another address", nameof(pattern));
        }

        return endpoints.Map(Api + "/{**path}", service.HandleAsync).WithDisplayName("Locutor API");
    }

    /// <summary>
    /// Maps the web page of the job service, its documentation and its health checks (<c>/healthz</c>, <c>/readyz</c>) at the addresses
    /// that no other endpoint answers. The page needs the API.
    /// </summary>
    /// <param name="endpoints">The program's routes.</param>
    /// <returns>Conventions of the mapped endpoint.</returns>
    /// <exception cref="InvalidOperationException"><c>AddLocutor</c> was not called.</exception>
    public static IEndpointConventionBuilder MapLocutorPage(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapFallback("{*path}", ServiceOf(endpoints).HandleAsync).WithDisplayName("Locutor page");

    private static ServiceHost ServiceOf(IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return endpoints.ServiceProvider.GetService<ServiceHost>()
            ?? throw new InvalidOperationException("call builder.Services.AddLocutor() before the service is mapped");
    }
}
