using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Locutor.Service.Http;

namespace Locutor.Service.Api.Modal;

/// <summary>
/// The body of a submission at the predecessor's address. As in FastAPI, unknown fields are ignored, and missing fields or wrong types
/// are refused.
/// </summary>
public sealed record ModalBody(string Image, string Audio1, string? Audio2, string? Prompt, byte[] Raw)
{
    private const int LongestEcho = 1024;

    /// <exception cref="ModalException">The body is not JSON, or a field is missing or has the wrong type.</exception>
    public static async Task<ModalBody> ReadAsync(HttpRequest request, long mostBytes, CancellationToken cancellationToken)
    {
        byte[] raw = await BodyReader.ReadAsync(request, mostBytes, cancellationToken)
            ?? throw new ModalException(413, $"The body has more than {mostBytes} bytes");
        if (raw.Length == 0)
            throw ModalException.Invalid([ModalException.Error("missing", ["body"], "Field required", null)]);
        if (!request.HasJsonContentType())
            throw NoObject(Encoding.UTF8.GetString(raw.AsSpan(0, Math.Min(raw.Length, LongestEcho))));
        using var json = Parse(raw);
        if (json.RootElement.ValueKind is not JsonValueKind.Object)
            throw NoObject(Echo(json.RootElement));
        var errors = new List<object>();
        string? image = Text(json.RootElement, "image", true, errors);
        string? audio1 = Text(json.RootElement, "audio1", true, errors);
        string? audio2 = Text(json.RootElement, "audio2", false, errors);
        string? prompt = Text(json.RootElement, "prompt", false, errors);
        if (errors.Count > 0)
            throw ModalException.Invalid(errors);
        return new ModalBody(image!, audio1!, string.IsNullOrEmpty(audio2) ? null : audio2, prompt, raw);
    }

    private static JsonDocument Parse(byte[] raw)
    {
        if (!Utf8.IsValid(raw))
            throw new ModalException(400, "There was an error parsing the body");
        try
        {
            return JsonDocument.Parse(raw, new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException exception)
        {
            var error = ModalException.Error(
                "json_invalid", ["body", exception.BytePositionInLine ?? 0], "JSON decode error", new Dictionary<string, object>());
            error["ctx"] = new Dictionary<string, string> { ["error"] = "Expecting value" };
            throw ModalException.Invalid([error]);
        }
    }

    private static string? Text(JsonElement body, string name, bool required, List<object> errors)
    {
        if (!body.TryGetProperty(name, out var value))
        {
            if (required)
                errors.Add(ModalException.Error("missing", ["body", name], "Field required", Echo(body)));
            return null;
        }
        if (value.ValueKind is JsonValueKind.String && Content(value) is { } text)
            return text;
        if (required || value.ValueKind is not JsonValueKind.Null)
            errors.Add(ModalException.Error("string_type", ["body", name], "Input should be a valid string", Echo(value)));
        return null;
    }

    /// <summary>Returns the text of a value, or null when it contains half a surrogate pair and so is not valid Unicode.</summary>
    private static string? Content(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static ModalException NoObject(object? found) => ModalException.Invalid(
        [
            ModalException.Error(
                "model_attributes_type", ["body"], "Input should be a valid dictionary or object to extract fields from", found)
        ]);

    /// <summary>
    /// Returns the given value for the error answer, as FastAPI does. Long values are omitted, and invalid Unicode stays escaped.
    /// </summary>
    private static object? Echo(JsonElement value)
    {
        string raw = value.GetRawText();
        if (raw.Length > LongestEcho)
            return raw[..LongestEcho];
        try
        {
            _ = JsonSerializer.SerializeToUtf8Bytes(value);
            return value.Clone();
        }
        catch (JsonException)
        {
            return raw;
        }
    }
}
