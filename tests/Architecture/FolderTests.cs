namespace Locutor.Architecture.Tests;

/// <summary>Folders inside a room: a file's namespace is its folder, and no two folders need each other.</summary>
public class FolderTests
{
    public static TheoryData<string> Rooms => [.. TypeUses.Rooms()];

    /// <summary>
    /// A folder with the name of a class in it, such as a kernel and its CUDA source, belongs to the namespace of its parent folder.
    /// </summary>
    [Theory]
    [MemberData(nameof(Rooms))]
    public void The_namespace_of_a_file_is_its_folder(string room)
    {
        string folder = TypeUses.FolderOf(room);
        foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Where(IsSource))
        {
            string? declared = File.ReadLines(path)
                .FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal))?["namespace ".Length..].TrimEnd(';');
            // extension methods of the framework's types are in the framework's namespaces
            if (declared is null || declared.StartsWith("Microsoft.", StringComparison.Ordinal)) continue;
            string[] folders = Path.GetRelativePath(folder, path).Split('/')[..^1];
            string space = string.Join('.', [Root(room), .. folders]);
            bool ofOneClass = folders.Length > 0 && File.Exists(Path.Combine(Path.GetDirectoryName(path)!, folders[^1] + ".cs"));
            string[] expected = ofOneClass ? [space, space[..space.LastIndexOf('.')]] : [space];
            expected.ShouldContain(declared, path);
        }

        static string Root(string room) => room == "Locutor" ? room : $"Locutor.{room}";
        bool IsSource(string path) => Path.GetRelativePath(folder, path).Split('/')[0] is not ("bin" or "obj");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Folders_of_a_room_have_no_circular_references(string room)
    {
        var arrows = TypeUses.All.Where(use => use.From.Room == room && use.To.Room == room).ToLookup(use => use.From, use => use.To);
        var circular = arrows.SelectMany(
            from => from.Distinct().Where(to => Reaches(arrows, to, from.Key)).Select(to => $"{from.Key} -> {to}"))
            .Order(StringComparer.Ordinal).ToList();
        circular.Select(arrow => $"{arrow}, for example {Example(arrow)}")
            .ShouldBeEmpty("folders that need each other; move what both need into a folder of its own");
    }

    private static bool Reaches(ILookup<Place, Place> arrows, Place from, Place goal)
    {
        var seen = new HashSet<Place> { from };
        var open = new Stack<Place>(seen);
        while (open.TryPop(out var place))
        {
            if (place == goal) return true;
            foreach (var next in arrows[place].Where(seen.Add)) open.Push(next);
        }

        return false;
    }

    private static string Example(string arrow)
    {
        var use = TypeUses.All.First(use => $"{use.From} -> {use.To}" == arrow);
        return $"{use.User} uses {use.Used}";
    }
}
