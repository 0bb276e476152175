using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Locutor.Service.Api.Mcp;

/// <summary>
/// A tool that tells the assistant which argument is missing or is not a text, as all arguments of these tools are. The library's own
/// answer names no reason.
/// </summary>
internal sealed class CheckedTool(McpServerTool tool) : DelegatingMcpServerTool(tool)
{
    public override ValueTask<CallToolResult> InvokeAsync(
        RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default)
    {
        var given = request.Params?.Arguments ?? new Dictionary<string, JsonElement>();
        var schema = ProtocolTool.InputSchema;
        string[] needed = [.. schema.GetProperty("required").EnumerateArray().Select(name => name.GetString()!)];
        var faults = new List<string>();
        foreach (var argument in schema.GetProperty("properties").EnumerateObject())
        {
            var kind = given.TryGetValue(argument.Name, out var value) ? value.ValueKind : JsonValueKind.Undefined;
            bool isMissing = kind is JsonValueKind.Undefined or JsonValueKind.Null;
            if (isMissing ? needed.Contains(argument.Name) : kind is not JsonValueKind.String)
                faults.Add($"{argument.Name}: expected a text, found {(isMissing ? "nothing" : kind)}");
        }
        return faults.Count == 0
            ? base.InvokeAsync(request, cancellationToken)
            : throw new McpException($"invalid_request: {string.Join("; ", faults)}");
    }
}
