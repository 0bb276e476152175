using Locutor.Jobs.Tokens;
using Locutor.Service.Access;

namespace Locutor.Service.Api.Mcp;

/// <summary>The endpoint of the Model Context Protocol (streamable HTTP, without sessions) at <c>/mcp</c>.</summary>
internal static class McpEndpoint
{
    public static void Add(IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddMcpServer(server =>
        {
            server.ServerInfo = new() { Name = "locutor", Title = "Locutor: talking videos", Version = "1" };
        }).WithHttpTransport(http => http.Stateless = true).WithTools<VideoTools>();
    }

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMcp("/mcp").Needs(TokenScopes.Submit | TokenScopes.Read).ExcludeFromDescription();
}
