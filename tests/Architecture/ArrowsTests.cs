using System.Xml.Linq;

namespace Locutor.Architecture.Tests;

/// <summary>
/// Rooms are the projects of <c>src/</c>, <c>tools/</c> and <c>bench/Parts</c>. An arrow allows a room to use the types of another one.
/// docs/architecture.md has the same rooms and arrows.
/// </summary>
public class ArrowsTests
{
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Files"] = [],
        ["Media"] = ["Files"],
        ["Checkpoints"] = ["Files"],
        ["Torch"] = ["Files"],
        ["Jobs"] = ["Files"],
        ["Models"] = ["Checkpoints", "Files"],
        ["TextToSpeech"] = ["Media"],
        ["Kernels"] = ["Torch"],
        ["Networks"] = ["Checkpoints", "Kernels", "Torch"],
        ["Generation"] = ["Checkpoints", "Files", "Kernels", "Media", "Models", "Networks", "TextToSpeech", "Torch"],
        ["AspNetCore"] = ["Generation", "Locutor", "Models", "Service", "Torch"],
        ["Locutor"] = ["Checkpoints", "Files", "Generation", "Kernels", "Media", "Models", "TextToSpeech", "Torch"],
        ["CommandLine"] = ["Checkpoints", "Files", "Generation", "Kernels", "Media", "Models", "TextToSpeech", "Torch"],
        ["Training"] = ["Checkpoints", "CommandLine", "Files", "Generation", "Kernels", "Media", "Models", "Networks", "Torch"],
        ["Service"] = ["Checkpoints", "Files", "Generation", "Jobs", "Media", "Models", "TextToSpeech", "Torch"],
        ["Bench"] = ["Checkpoints", "CommandLine", "Files", "Generation", "Kernels", "Media", "Models", "Networks", "Torch"],
        ["Cli"] =
        [
            "Checkpoints", "CommandLine", "Files", "Generation", "Jobs", "Kernels", "Media", "Models", "Service", "TextToSpeech", "Torch",
        ],
    };

    public static TheoryData<string> Rooms => [.. TypeUses.Rooms()];

    [Fact]
    public void Every_room_is_known() => TypeUses.Rooms().ShouldBe(Arrows.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_refers_to_the_rooms_that_its_arrows_lead_to(string room)
    {
        var project = XDocument.Load(TypeUses.ProjectOf(room));
        var found = project.Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/').Split('/')[^2]).Order(StringComparer.Ordinal);

        found.ShouldBe(Arrows[room].Order(StringComparer.Ordinal));
    }

    /// <summary>Checks both directions: every use has an arrow, and every arrow has a use.</summary>
    [Theory]
    [MemberData(nameof(Rooms))]
    public void The_types_of_a_room_use_exactly_the_rooms_that_its_arrows_lead_to(string room)
    {
        var uses = TypeUses.All.Where(use => use.From.Room == room && use.To.Room != room).ToLookup(use => use.To.Room);

        uses.Where(to => !Arrows[room].Contains(to.Key)).Select(to => $"{to.First().User} uses {to.First().Used}")
            .ShouldBeEmpty($"{room} has no arrow there");
        Arrows[room].Where(to => !uses.Contains(to)).ShouldBeEmpty($"{room} uses no type of these");
    }

    [Fact]
    public void Rooms_have_no_circular_references()
    {
        var left = new Dictionary<string, string[]>(Arrows);
        while (left.Keys.FirstOrDefault(room => !left[room].Any(left.ContainsKey)) is { } leaf) left.Remove(leaf);

        left.Keys.ShouldBeEmpty("rooms that need each other");
    }

    [Theory]
    [InlineData("Files")]
    [InlineData("Media")]
    [InlineData("Checkpoints")]
    [InlineData("Models")]
    [InlineData("Jobs")]
    public void A_room_that_other_programs_may_use_alone_has_no_torch(string room)
    {
        string project = File.ReadAllText(TypeUses.ProjectOf(room));
        project.ShouldNotContain("TorchSharp");
        foreach (string source in
                Directory.EnumerateFiles(TypeUses.FolderOf(room), "*.cs", SearchOption.AllDirectories)
                    .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)))
        {
            File.ReadAllText(source).ShouldNotContain("using TorchSharp", customMessage: source);
        }
    }
}
