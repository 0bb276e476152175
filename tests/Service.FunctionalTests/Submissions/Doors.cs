using System.Net;
using System.Text;
using System.Text.Json;
using Locutor.Cli.Commands;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Service.FunctionalTests.Harness;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>A value for a field, as JSON writes it and as text.</summary>
internal sealed record Sent(RequestField Field, string Json, string Text)
{
    /// <summary>The JSON of a text: numbers, flags and structures stay as they are; everything else becomes a string.</summary>
    public static Sent From(RequestField field, string text) =>
        new(field, field is not TextField && IsJson(text) ? text : JsonSerializer.Serialize(text), text);

    public override string ToString() => $"{Field.Name} = {(Text.Length > 60 ? Text[..60] + "..." : Text)}";

    private static bool IsJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>
/// Sends one request through every interface ("door") with the models of a store. The result is the message about a field; null if the
/// request is accepted.
/// </summary>
internal sealed class Doors(TokenClient client, string model, string store)
{
    /// <summary>Nothing is listening there, and the service does not fetch from inside anyway.</summary>
    private const string Nowhere = "http://127.0.0.1:9/nothing";

    public IEnumerable<(string Name, Func<Sent[], Task<string?>> Ask)> All =>
    [
        ("command line", sent => Task.FromResult(CommandLine(sent))),
        ("JSON", JsonAsync),
        ("form", FormAsync),
    ];

    /// <summary>Files that a request has unless it is about them.</summary>
    public IReadOnlyList<RequestField> Files { get; init; } = [VideoFields.Image, VideoFields.Audio];

    /// <summary>The command line, parsed in this process.</summary>
    public string? CommandLine(params Sent[] sent)
    {
        List<string> arguments = ["--output-path", "video.mp4"];
        if (sent.All(one => one.Field != VideoFields.Model)) arguments.AddRange(["--model", model]);
        foreach (var file in Files) arguments.AddRange([file.Option!, Nowhere]);
        foreach (var one in sent) arguments.AddRange([one.Field.Option!, one.Text]);
        try
        {
            GenerateCommand.Read(GenerateCommand.Create().Parse([.. arguments])).Form.Resolve(name => ModelFinder.Find(name, store).Bundle);
            return null;
        }
        catch (RequestException refusal)
        {
            return Reason(refusal.Errors);
        }
    }

    public Task<string?> JsonAsync(params Sent[] sent)
    {
        var body = new StringBuilder("{");
        foreach (var file in Files) body.Append($"\"{file.Name}\": \"{Nowhere}\", ");
        if (sent.All(one => one.Field != VideoFields.Model)) body.Append($"\"model\": \"{model}\", ");
        body.AppendJoin(", ", sent.Select(one => $"\"{one.Field.Name}\": {one.Json}"));
        return AnswerAsync(new StringContent(body.ToString().TrimEnd(',', ' ') + "}", Encoding.UTF8, "application/json"));
    }

    public Task<string?> FormAsync(params Sent[] sent)
    {
        var form = new MultipartFormDataContent();
        foreach (var file in Files) form.Add(new StringContent(Nowhere), file.Name);
        if (sent.All(one => one.Field != VideoFields.Model)) form.Add(new StringContent(model), VideoFields.Model.Name);
        foreach (var one in sent) form.Add(new StringContent(one.Text), one.Field.Name);
        return AnswerAsync(form);
    }

    private async Task<string?> AnswerAsync(HttpContent body)
    {
        using var response = await client.Http.PostAsync("/v1/jobs", body);
        var answer = await TokenClient.ReadAsync(response);
        if (response.StatusCode is HttpStatusCode.Accepted) return null;
        response.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, answer.ToString());
        answer.GetProperty("code").GetString().ShouldBe("invalid_request");
        return Reason(answer.GetProperty("errors").EnumerateObject()
            .ToDictionary(error => error.Name, error => error.Value.EnumerateArray().Select(reason => reason.GetString()!).ToArray()));
    }

    private static string Reason(IReadOnlyDictionary<string, string[]> errors) =>
        string.Join("; ", errors.SelectMany(error => error.Value.Select(reason => $"{error.Key}: {reason}")));
}
