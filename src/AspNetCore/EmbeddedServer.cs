using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Locutor.AspNetCore;

/// <summary>A server without a port: it answers the requests that the embedding program passes to it.</summary>
internal sealed class EmbeddedServer : IServer
{
    /// <summary>
    /// The features of a request that describe its connection. All others, such as routes, users and services, belong to the embedding
    /// program.
    /// </summary>
    private static readonly Type[] Shared =
    [
        typeof(IHttpRequestFeature), typeof(IHttpRequestBodyDetectionFeature), typeof(IHttpRequestIdentifierFeature),
        typeof(IHttpRequestLifetimeFeature),
        typeof(IRequestBodyPipeFeature), typeof(IHttpMaxRequestBodySizeFeature), typeof(IHttpMinRequestBodyDataRateFeature),
        typeof(IHttpBodyControlFeature),
        typeof(IHttpResponseFeature), typeof(IHttpResponseBodyFeature), typeof(IHttpResponseTrailersFeature),
        typeof(IHttpMinResponseDataRateFeature),
        typeof(IHttpConnectionFeature), typeof(ITlsConnectionFeature), typeof(IHttpResetFeature), typeof(IHttpUpgradeFeature),
    ];

    private Func<IFeatureCollection, Task>? run;

    public IFeatureCollection Features { get; } = new FeatureCollection();

    /// <summary>Answers a request of the embedding program.</summary>
    public Task HandleAsync(HttpContext outer)
    {
        if (run is not { } handle)
        {
            outer.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            return Task.CompletedTask;
        }
        var features = new FeatureCollection();
        foreach (var type in Shared) features[type] = outer.Features[type];
        return handle(features);
    }

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        run = features => RunAsync(application, features);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        run = null;
        return Task.CompletedTask;
    }

    public void Dispose() { }

    private static async Task RunAsync<TContext>(IHttpApplication<TContext> application, IFeatureCollection features)
        where TContext : notnull
    {
        var context = application.CreateContext(features);
        try
        {
            await application.ProcessRequestAsync(context).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            application.DisposeContext(context, failure);
            throw;
        }
        application.DisposeContext(context, null);
    }
}
