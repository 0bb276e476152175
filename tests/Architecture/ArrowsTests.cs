using System.Xml.Linq;

namespace Locutor.Architecture.Tests;

public class ArrowsTests
{
    /// <summary>Which room may know which; docs/architecture.md draws the same.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Media"] = [],
        ["Checkpoints"] = [],
        ["Torch"] = [],
        ["Kernels"] = ["Torch"],
        ["Jobs"] = [],
        ["Models"] = ["Checkpoints"],
        ["Networks"] = ["Checkpoints", "Kernels"],
        ["Generation"] = ["Media", "Models", "Networks"],
        ["Training"] = ["Generation"],
        ["Service"] = ["Generation", "Jobs"],
        ["Bench"] = ["Generation"],
        ["Cli"] = ["Bench", "Generation", "Service", "Training"],
    };

    public static TheoryData<string> Rooms => [.. Arrows.Keys];

    [Fact]
    public void Every_room_is_known() =>
        Directory.EnumerateDirectories(Path.Combine(TestEnvironment.Checkout, "src")).Select(folder => Path.GetFileName(folder)).Order().ShouldBe(Arrows.Keys.Order());

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_knows_only_the_rooms_its_arrows_lead_to(string room)
    {
        var project = XDocument.Load(Path.Combine(TestEnvironment.Checkout, "src", room, $"Locutor.{room}.csproj"));
        var found = project.Descendants("ProjectReference").Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/').Split('/')[1]).Order();

        found.ShouldBe(Arrows[room].Order());
    }

    [Theory]
    [InlineData("Media")]
    [InlineData("Checkpoints")]
    [InlineData("Models")]
    [InlineData("Jobs")]
    public void A_room_that_other_programs_may_use_alone_has_no_torch(string room)
    {
        string project = File.ReadAllText(Path.Combine(TestEnvironment.Checkout, "src", room, $"Locutor.{room}.csproj"));
        project.ShouldNotContain("TorchSharp");
        foreach (string source in Directory.EnumerateFiles(Path.Combine(TestEnvironment.Checkout, "src", room), "*.cs", SearchOption.AllDirectories).Where(path => !path.Contains("/obj/", StringComparison.Ordinal)))
            File.ReadAllText(source).ShouldNotContain("using TorchSharp", customMessage: source);
    }
}
