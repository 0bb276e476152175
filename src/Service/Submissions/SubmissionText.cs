using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Locutor.Jobs.Records;
using Locutor.Service.Http;

namespace Locutor.Service.Submissions;

/// <summary>Decodes the text of a submission strictly: JSON and form fields are UTF-8, and names are valid Unicode.</summary>
internal static class SubmissionText
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Parses a JSON object with at most 16 levels.</summary>
    /// <exception cref="ProblemException">Status 400: the bytes are not UTF-8, not JSON or not an object.</exception>
    public static JsonDocument Parse(byte[] raw)
    {
        if (!Utf8.IsValid(raw))
            throw new ProblemException(400, JobError.InvalidRequest, "expected a body in UTF-8");
        try
        {
            var json = JsonDocument.Parse(raw, new JsonDocumentOptions { MaxDepth = 16 });
            return json.RootElement.ValueKind is JsonValueKind.Object
                ? json
                : throw new ProblemException(400, JobError.InvalidRequest, $"expected a JSON object, found {json.RootElement.ValueKind}");
        }
        catch (JsonException exception)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"the body is not JSON: {exception.Message}");
        }
    }

    /// <summary>Returns the name of a JSON property, or refuses one that holds half a surrogate pair.</summary>
    public static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, "the name of a field is not valid Unicode");
        }
    }

    /// <summary>Reads a text field of a form into memory.</summary>
    /// <exception cref="ProblemException">Status 413: it has more than <paramref name="most"/> bytes.</exception>
    public static async Task<MemoryStream> ReadAsync(string name, Stream body, long most, CancellationToken cancellationToken)
    {
        var text = new MemoryStream();
        byte[] buffer = new byte[4096];
        while (await body.ReadAsync(buffer, cancellationToken) is var count && count > 0)
        {
            if (text.Length + count > most)
                throw new ProblemException(413, JobError.TooLarge, $"{name}: expected at most {most} bytes of text");
            text.Write(buffer, 0, count);
        }
        return text;
    }

    /// <summary>Decodes a text field of a form, or refuses bytes that are not UTF-8.</summary>
    public static string Decode(string name, MemoryStream text)
    {
        try
        {
            return StrictUtf8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
        catch (DecoderFallbackException)
        {
            throw new ProblemException(400, JobError.InvalidRequest, $"{name}: expected text in UTF-8");
        }
    }
}
