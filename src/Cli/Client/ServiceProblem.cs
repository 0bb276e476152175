using System.Net;
using System.Text.Json;

namespace Locutor.Cli.Client;

/// <summary>Translates a refusal of a service (RFC 9457) into an error of the command line.</summary>
internal static class ServiceProblem
{
    /// <summary>Reads the answer to a refused request.</summary>
    public static async Task<CommandException> ReadAsync(HttpResponseMessage response, Uri server, CancellationToken cancellationToken)
    {
        string body = await response.Content.ReadAsStringAsync(cancellationToken);
        int code = response.StatusCode switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.Conflict => ExitCodes.BadInput,
            HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => ExitCodes.Missing,
            _ => ExitCodes.Usage,
        };
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new(
                code, $"{server}: a token is required, or this token is not accepted; set LOCUTOR_TOKEN to KEY.SECRET or write the " +
                $"output of 'locutor tokens create' into {ServiceToken.UsualPath}");
        }

        return new(code, Describe(body) is { Length: > 0 } told ? told : $"{server}: {(int)response.StatusCode} {response.ReasonPhrase}");
    }

    /// <summary>Returns the errors of the fields under the names of their options, or the message of the problem.</summary>
    internal static string Describe(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var problem = json.RootElement;
            if (problem.ValueKind is not JsonValueKind.Object) return "";
            if (problem.TryGetProperty("errors", out var errors) && errors.ValueKind is JsonValueKind.Object)
            {
                return string.Join("; ", errors.EnumerateObject().SelectMany(field =>
                    field.Value.EnumerateArray().Select(fault => $"{FieldOptions.NameOf(field.Name)}: {fault.GetString()}")));
            }

            return problem.TryGetProperty("detail", out var detail) ? detail.GetString() ?? "" : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
