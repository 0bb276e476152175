using System.Text.Encodings.Web;
using System.Text.Json;

namespace Locutor.Service.Api.Modal;

/// <summary>An error answer in the format of FastAPI: a JSON object with <c>detail</c>.</summary>
public sealed class ModalException : Exception
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly int status;
    private readonly object detail;

    public ModalException(int status, string detail) : base(detail) => (this.status, this.detail) = (status, detail);

    private ModalException(int status, IEnumerable<object> errors) : base("invalid request") =>
        (this.status, detail) = (status, errors);

    /// <summary>Creates an answer with status 422 and one entry per field.</summary>
    public static ModalException Invalid(IEnumerable<object> errors) => new(422, errors);

    public static ModalException MissingQuery(string name) => Invalid([Error("missing", ["query", name], "Field required", null)]);

    public static Dictionary<string, object?> Error(string type, object[] location, string message, object? input) =>
        new() { ["type"] = type, ["loc"] = location, ["msg"] = message, ["input"] = input };

    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object> { ["detail"] = detail }, Json);
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body, 0, body.Length);
    }
}
