using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Locutor.Cli.Commands;
using Locutor.Generation.Requests;
using Locutor.Media;
using Locutor.Models.Store;

namespace Locutor.Service.FunctionalTests.Submissions;

/// <summary>The documentation of requests, for people and for programs, agrees with the table of fields.</summary>
[Collection(SketchService.Collection)]
public sealed partial class DocumentationTests(SketchService service)
{
    private const string Begin = "<!-- fields -->\n", End = "<!-- /fields -->";
    private static readonly string[] ForPrograms = ["webhook", "metadata", "priority", "not_after", "min_memory_gib", "parts"];

    [Fact]
    public void The_page_of_the_documentation_has_the_table()
    {
        string path = Path.Combine(Root(), "docs", "requests.md"), text = File.ReadAllText(path);
        int from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, to = text.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("LOCUTOR_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(path, text[..from] + Table() + text[to..]);
        else text[from..to].ShouldBe(Table(), "run this test with LOCUTOR_WRITE_DOCS=1 to write the table of docs/requests.md anew");
    }

    [Fact]
    public void The_page_about_inputs_names_every_container_under_its_kind()
    {
        string[] lines = File.ReadAllLines(Path.Combine(Root(), "docs", "inputs.md"));
        foreach (var (kind, row) in
                new[] { (MediaKind.Picture, "| pictures |"), (MediaKind.Video, "| videos |"), (MediaKind.Audio, "| sounds |") })
        {
            string named = lines.Single(line => line.StartsWith(row, StringComparison.Ordinal));
            foreach (var container in MediaContainer.All.Where(container => container.Names(kind) is not null))
            {
                container.Names(kind)!.Extensions.Append(container.Name)
                    .ShouldContain(name => named.Contains(name, StringComparison.OrdinalIgnoreCase), $"{row} {container.Name}");
            }
        }
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/models.md")]
    [InlineData("docs/install.md")]
    [InlineData("docs/first-video.md")]
    [InlineData("docs/real-models.md")]
    [InlineData("docs/command-line.md")]
    [InlineData("docs/gallery.md")]
    [InlineData("docs/notes/performance.md")]
    [InlineData("docs/requests.md")]
    public void Every_option_of_generate_that_is_mentioned_exists(string file)
    {
        var options = GenerateCommand.Create().Options.SelectMany(option => option.Aliases.Append(option.Name)).ToHashSet();
        foreach (Match line in GenerateLine().Matches(File.ReadAllText(Path.Combine(Root(), file))))
        {
            foreach (Match option in OptionName().Matches(line.Value))
                options.ShouldContain(option.Value, $"{file}: {line.Value}");
        }
    }

    [Fact]
    public async Task The_OpenAPI_document_has_every_field_with_its_range()
    {
        var document = await service.Client.GetJsonAsync("/openapi.json");
        var schemas = document.GetProperty("components").GetProperty("schemas");
        foreach (var (body, format) in new[] { ("JobSubmission", "uri"), ("JobUpload", "binary") })
        {
            var properties = schemas.GetProperty(body).GetProperty("properties");
            properties.EnumerateObject().Select(property => property.Name)
                .ShouldBe(VideoFields.All.Select(field => field.Name).Concat(ForPrograms));
            foreach (var field in VideoFields.All) Compare(field, properties.GetProperty(field.Name), isForm: body == "JobUpload");
            properties.GetProperty("image").GetProperty("format").GetString().ShouldBe(format);
        }
        var job = schemas.GetProperty("JobView").GetProperty("properties");
        foreach (var field in VideoFields.All.Where(field => !field.IsInput)) Compare(field, job.GetProperty(field.Name));

        foreach (var schema in schemas.EnumerateObject())
        {
            foreach (string name in Required(schema.Value))
            {
                schema.Value.GetProperty("properties").GetProperty(name).GetRawText()
                    .ShouldNotContain("\"null\"", customMessage: $"{schema.Name}.{name} is missing from an answer where it is null");
            }
        }
        var list = document.GetProperty("paths").GetProperty("/v1/jobs");
        var example = list.GetProperty("post").GetProperty("responses").GetProperty("202").GetProperty("content")
            .GetProperty("application/json").GetProperty("example").GetProperty("result");
        Required(schemas.GetProperty("ResultView")).ShouldBeSubsetOf(example.EnumerateObject().Select(property => property.Name));
        list.GetProperty("get").GetProperty("parameters").EnumerateArray()
            .Single(parameter => parameter.GetProperty("name").GetString() == "limit")
            .GetProperty("schema").GetProperty("type").GetString().ShouldBe("integer");
    }

    private static IEnumerable<string> Required(JsonElement schema) => schema.TryGetProperty("required", out var names)
        ? names.EnumerateArray().Select(name => name.GetString()!) : [];

    [Fact]
    public async Task The_options_have_every_field_with_the_limits_and_defaults_of_each_model()
    {
        var models = (await service.Client.GetJsonAsync("/v1/options")).GetProperty("models").EnumerateArray().ToList();
        foreach (var model in models.Where(model => model.GetProperty("name").GetString() != "untrained"))
        {
            var bundle = BundleCatalogue.Default(service.Adapters.Folder).Find(model.GetProperty("name").GetString()!)!.Bundle;
            var fields = model.GetProperty("fields").EnumerateArray().ToDictionary(field => field.GetProperty("name").GetString()!);
            fields.Keys.ShouldBe(VideoFields.All.Select(field => field.Name).Concat(ForPrograms));
            foreach (var field in VideoFields.All)
            {
                fields[field.Name].GetProperty("expected").GetString().ShouldBe(field.Expected(bundle));
                fields[field.Name].GetProperty("help").GetString().ShouldBe(field.Help);
                Maximum(fields[field.Name], "maximum").ShouldBe(field.Limits(bundle) switch
                {
                    { Items: { } items } => items.Maximum,
                    var limits => limits.Maximum,
                });
            }
            var preset = model.GetProperty("presets").EnumerateArray()
                .Single(preset => preset.GetProperty("name").GetString() == bundle.DefaultPreset);
            preset.GetProperty("steps").GetInt32().ShouldBe(bundle.Presets[bundle.DefaultPreset].Steps);
            preset.GetProperty("prompt").GetString().ShouldBe(bundle.DefaultPrompt);
        }
        models[0].GetProperty("name").GetString().ShouldBe("sketch");
        models[0].GetProperty("fields").EnumerateArray().Single(field => field.GetProperty("name").GetString() == "motion_frames")
            .GetProperty("maximum").GetInt32().ShouldBe(29);
    }

    private static void Compare(RequestField field, JsonElement schema, bool isForm = false)
    {
        var limits = field.Limits(null);
        var type = schema.GetProperty("type");
        var types = type.ValueKind is JsonValueKind.Array
            ? type.EnumerateArray().Select(one => one.GetString()).Where(one => one != "null")
            : [type.GetString()];
        types.ShouldBe([isForm && (limits.Type is "array" or "object") ? "string" : limits.Type], field.Name);
        schema.GetProperty("description").GetString()!.ShouldStartWith(field.Help);
        Maximum(schema, "maximum").ShouldBe(limits.Maximum, field.Name);
        Maximum(schema, "minimum").ShouldBe(limits.Minimum, field.Name);
        Maximum(schema, "maxItems").ShouldBe(isForm ? null : limits.MaxItems, field.Name);
        if (limits.Choices is { } choices)
            schema.GetProperty("enum").EnumerateArray().Select(choice => choice.GetString()!).ShouldBe(choices);
    }

    private static double? Maximum(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out var value) ? value.GetDouble() : null;

    private static string Table()
    {
        var rows = VideoFields.All.Select(field =>
            $"| `{field.Name}` | " +
            $"{(field.Option is { } option ? $"`{(field.ShortOption is { } letter ? letter + ", " : "")}{option}`" : "")} | " +
            $"{(field is FileField ? "a file" : field.Expected(null))} | {field.DefaultText} | {field.Help} |");
        return "| field | option | expects | default | |\n|---|---|---|---|---|\n" + string.Join('\n', rows) + "\n";
    }

    private static string Root([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));

    [GeneratedRegex(@"locutor generate [^\n`]*")]
    private static partial Regex GenerateLine();

    [GeneratedRegex(@"(?<=[\s\[])--?[a-z][a-z0-9-]*")]
    private static partial Regex OptionName();
}
