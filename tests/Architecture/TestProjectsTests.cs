using System.Xml.Linq;

namespace Locutor.Architecture.Tests;

/// <summary>
/// Dependencies between the projects of tests/: all may refer to tests/Shared, and otherwise only to programs that they start.
/// </summary>
public class TestProjectsTests
{
    private const string Shared = "Locutor.Tests.Shared";

    /// <summary>A program that tests start; no test program itself.</summary>
    private const string Started = "../StubService/Locutor.StubService.csproj";

    private static string Tests => Path.Combine(TestEnvironment.Checkout, "tests");

    public static TheoryData<string> Projects =>
    [
        .. Directory.EnumerateFiles(Tests, "Locutor.*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)).Order()
    ];

    [Fact]
    public void The_solution_builds_every_test_project()
    {
        string[] listed = [.. XDocument.Load(Path.Combine(TestEnvironment.Checkout, "Locutor.slnx")).Descendants("Project")
            .Select(project => project.Attribute("Path")!.Value).Where(path => path.StartsWith("tests/", StringComparison.Ordinal))
            .Select(path => Path.GetFileNameWithoutExtension(path)).Order()];

        listed.ShouldBe(Projects.Select(row => row.Data));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_test_project_shares_code_only_through_the_shared_library(string name)
    {
        var project = Load(name);
        foreach (var compile in project.Descendants("Compile"))
        {
            (compile.Attribute("Include")?.Value ?? "")
                .ShouldNotContain("..", customMessage: "a linked file; code that tests share belongs into tests/Shared");
        }
        foreach (string reference in
                project.Descendants("ProjectReference").Select(reference => reference.Attribute("Include")!.Value).Except([Started]))
        {
            reference.ShouldMatch("^../../(src|tools|bench)/");
        }
    }

    [Fact]
    public void The_shared_library_knows_no_room_and_is_no_test_program()
    {
        var project = Load(Shared);
        project.Descendants("ProjectReference").ShouldBeEmpty();
        project.Descendants("PackageReference").Select(package => package.Attribute("Include")!.Value).ShouldNotContain("xunit.v3");
    }

    /// <summary>Tests draw random numbers from the printed seed only, so that every failure can be repeated.</summary>
    [Fact]
    public void Tests_draw_random_numbers_only_from_the_seed()
    {
        string[] unseeded = ["Random.Shared", "new Random()", "Environment.TickCount", "manual_seed"];
        var sources = Directory.EnumerateFiles(Tests, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal)
                && Path.GetFileName(path) is not ("TestSeed.cs" or "TestProjectsTests.cs"))
                .ToList();

        sources.Count.ShouldBeGreaterThan(100);
        sources.Where(path => unseeded.Any(File.ReadAllText(path).Contains)).Select(path => Path.GetRelativePath(Tests, path))
            .ShouldBeEmpty();
    }

    /// <summary>The lists of the test script and the tests agree, or a run would silently have no tests.</summary>
    [Fact]
    public void Every_program_that_runs_again_with_the_injected_fault_has_tests_for_it()
    {
        string script = File.ReadAllText(Path.Combine(TestEnvironment.Checkout, "eng", "run-tests.sh"));
        string[] folders = script.Split("faulty=(")[1].Split(')')[0].Split(' ');
        folders.Length.ShouldBeGreaterThan(1);
        foreach (string folder in folders)
        {
            Directory.EnumerateFiles(Path.Combine(Tests, folder), "*Tests.cs", SearchOption.AllDirectories)
                .Count(path => File.ReadAllText(path).Contains("[Trait(\"uses\", \"convolutions\")]")).ShouldBeGreaterThan(0, folder);
        }
    }

    private static XDocument Load(string name) =>
        XDocument.Load(Directory.EnumerateFiles(Tests, name + ".csproj", SearchOption.AllDirectories).Single());
}
