using System.CommandLine;
using System.Text.Json;
using Locutor.Cli.Commands;
using Locutor.Models.Store;

namespace Locutor.Cli.Tests;

/// <summary><c>locutor models list</c> and <c>show</c> fit into a terminal; <c>list --json</c> is for programs.</summary>
public sealed class ModelsListTests
{
    [Fact]
    public void Every_model_has_one_short_line_that_says_what_it_is_for()
    {
        string[] lines = List().Split('\n');
        lines.ShouldAllBe(line => line.Length <= 100);
        foreach (var model in BundleCatalogue.Default().All())
        {
            string row = lines.TakeWhile(line => line.Length > 0)
                .Single(line => line.StartsWith(model.Bundle.Name + " ", StringComparison.Ordinal));
            model.Bundle.About.ShouldNotBeNullOrEmpty(model.Bundle.Name);
            row.ShouldContain(model.Bundle.About);
        }

        lines.Single(line => line.StartsWith("sketch ", StringComparison.Ordinal)).ShouldContain("included");
        string advice = string.Join(' ', lines.SkipWhile(line => line.Length > 0));
        advice.ShouldContain("infinitetalk-480p");
        advice.ShouldContain("locutor models show NAME");
    }

    [Fact]
    public void A_program_gets_an_object_for_each_model()
    {
        var models = List("--json").Trim().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToList();
        models.Select(model => model.GetProperty("name").GetString()).ShouldBe(BundleCatalogue.Default().Names());
        var sketch = models.Single(model => model.GetProperty("name").GetString() == "sketch");
        sketch.GetProperty("ready").GetBoolean().ShouldBeTrue();
        sketch.GetProperty("filesHere").GetInt32().ShouldBe(sketch.GetProperty("files").GetInt32());
    }

    [Fact]
    public void The_explanation_of_each_model_fits_into_100_columns()
    {
        foreach (string name in BundleCatalogue.Default().Names())
        {
            string[] lines = Run("show", name).Split('\n');
            lines.ShouldAllBe(line => line.Length <= 100, name);
            lines[0].ShouldStartWith(name + ": ");
        }
    }

    private static string List(params string[] options) => Run(["list", .. options]);

    private static string Run(params string[] words)
    {
        var output = new StringWriter();
        LocutorProgram.CreateRoot(VideoMaking.WithNetworks).Parse(["models", .. words])
            .Invoke(new InvocationConfiguration { Output = output });
        return output.ToString().ReplaceLineEndings("\n");
    }
}
