using System.Reflection;
using Locutor.Jobs.Tokens;
using Locutor.Service.Access;
using ModelContextProtocol.Server;

namespace Locutor.Service.Api.Mcp;

/// <summary>The endpoint of the Model Context Protocol (streamable HTTP, without sessions) at <c>/mcp</c>.</summary>
internal static class McpEndpoint
{
    // All services of a process share the tools. The library keeps every tool until the process ends, and with a tool that WithTools adds
    // also the service, even one that has stopped.
    private static readonly Lazy<McpServerTool>[] Tools =
    [
        .. typeof(VideoTools).GetMethods().Where(method => method.IsDefined(typeof(McpServerToolAttribute)))
            .Select(method => new Lazy<McpServerTool>(() => Create(method)))
    ];

    public static void Add(IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddMcpServer(server =>
        {
            server.ServerInfo = new() { Name = "locutor", Title = "Locutor: talking videos", Version = "1" };
        }).WithHttpTransport(http => http.Stateless = true);
        foreach (var tool in Tools)
            services.AddSingleton(_ => tool.Value);
    }

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMcp("/mcp").Needs(TokenScopes.Submit | TokenScopes.Read).ExcludeFromDescription();

    private static CheckedTool Create(MethodInfo method) =>
        new CheckedTool(McpServerTool.Create(method, call => ActivatorUtilities.CreateInstance<VideoTools>(call.Services!)));
}
