using System.Text.Json;
using Locutor.Service.Submissions;

namespace Locutor.Service.Api.OpenAi;

/// <summary>
/// The fields of OpenAI's <c>POST /v1/videos</c>. <c>input_reference</c> is the picture or the source video. <c>seconds</c> and a
/// <c>size</c> in pixels are ignored, since the voice decides the length, and the model and the picture decide the size; the answer tells
/// both. All fields of a submission, such as <c>audio</c>, <c>text</c> and <c>seed</c>, are accepted too.
/// </summary>
internal static class OpenAiDialect
{
    public static Dialect Fields { get; } = new(
        new Dictionary<string, string?>
        {
            ["input_reference"] = "image",
            ["input_reference[image_url]"] = "image",
            ["seconds"] = null,
            ["size"] = null,
        },
        Convert);

    /// <summary>
    /// Takes the address out of <c>{"image_url": "https://..."}</c>, which is <c>input_reference[image_url]</c> in a form; a text is the
    /// address itself.
    /// </summary>
    private static JsonElement Convert(string name, JsonElement value) =>
        value.ValueKind is JsonValueKind.Object && value.TryGetProperty("image_url", out var url) ? url : value;
}
