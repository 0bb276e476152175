using Mono.Cecil;

namespace Locutor.Architecture.Tests;

/// <summary>A place in the source: a room and the folder in it, empty for the room's own folder.</summary>
/// <param name="Room">Name of the room, for example <c>Networks</c>.</param>
/// <param name="Folder">Path of the folder with dots, for example <c>VideoTransformer.Residency</c>.</param>
public sealed record Place(string Room, string Folder)
{
    public override string ToString() => Folder.Length == 0 ? $"{Room} (root)" : $"{Room}.{Folder}";
}

/// <summary>One type that refers to another.</summary>
/// <param name="From">Place of the type that refers.</param>
/// <param name="To">Place of the type that is referred to.</param>
/// <param name="User">Full name of the type that refers.</param>
/// <param name="Used">Full name of the type that is referred to.</param>
public sealed record TypeUse(Place From, Place To, string User, string Used);

/// <summary>
/// References between the types of this repository, read from the built assemblies: bases, members, signatures, attributes and every
/// instruction. Uses of constants are not found, because the compiler copies their values.
/// </summary>
public static class TypeUses
{
    private const string Root = "Locutor";

    private static readonly string[] Folders = ["src", "tools", "bench"];

    /// <summary>Project files by room. A program such as <c>Locutor.Media.Bench</c> measures one room and is none itself.</summary>
    private static readonly Dictionary<string, string> Projects = Folders
        .SelectMany(
            folder => Directory.EnumerateFiles(Path.Combine(TestEnvironment.Checkout, folder), "*.csproj", SearchOption.AllDirectories))
        .Select(path => (Room: NameOf(path), Path: path)).Where(project => !project.Room.Contains('.'))
        .ToDictionary(project => project.Room, project => project.Path);

    /// <summary>Every reference from a type of a room to a type in another place.</summary>
    public static IReadOnlyList<TypeUse> All { get; } = [.. Rooms().SelectMany(Read).Distinct().Where(use => use.From != use.To)];

    /// <summary>Names of the rooms. <c>Locutor.Media.csproj</c> is the project of the room Media.</summary>
    public static IEnumerable<string> Rooms() => Projects.Keys.Order(StringComparer.Ordinal);

    /// <summary>The project file of a room.</summary>
    public static string ProjectOf(string room) => Projects[room];

    /// <summary>The folder of a room.</summary>
    public static string FolderOf(string room) => Path.GetDirectoryName(Projects[room])!;

    private static IEnumerable<TypeUse> Read(string room)
    {
        using var module = ModuleDefinition.ReadModule(AssemblyOf(room));
        foreach (var type in module.Types.Where(type => IsOurs(type.Namespace)))
        {
            foreach (var used in ReferencesOf(type).SelectMany(Parts).Select(Outermost).Where(used => IsOurs(used.Namespace)))
                yield return new(PlaceOf(type), PlaceOf(used), type.FullName, used.FullName);
        }
    }

    private static string NameOf(string project) =>
        Path.GetFileNameWithoutExtension(project) is var name && name == Root ? name : name[(Root.Length + 1)..];

    private static string AssemblyOf(string room)
    {
        string folder = Path.Combine(FolderOf(room), "bin", "Release", "net10.0");
        return new[] { $"{Root}.{room}.dll", $"{Root}.dll", "locutor.dll" }.Select(name => Path.Combine(folder, name)).First(File.Exists);
    }

    private static bool IsOurs(string space) => space == Root || space.StartsWith(Root + ".", StringComparison.Ordinal);

    private static Place PlaceOf(TypeReference type)
    {
        string[] parts = type.Namespace.Split('.', 3);
        return new(parts.Length > 1 ? parts[1] : Root, parts.Length > 2 ? parts[2] : "");
    }

    private static TypeReference Outermost(TypeReference type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type;
    }

    /// <summary>The type itself without array, pointer or reference, and the arguments of a generic type.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference? type)
    {
        switch (type)
        {
            case null or GenericParameter:
                yield break;
            case GenericInstanceType generic:
                foreach (var part in generic.GenericArguments.Append(generic.ElementType).SelectMany(Parts)) yield return part;
                break;
            case FunctionPointerType function:
                foreach (var part in
                        function.Parameters.Select(parameter => parameter.ParameterType).Append(function.ReturnType).SelectMany(Parts))
                {
                    yield return part;
                }

                break;
            case RequiredModifierType modified:
                foreach (var part in Parts(modified.ElementType)) yield return part;
                break;
            case TypeSpecification specification:
                foreach (var part in Parts(specification.ElementType)) yield return part;
                break;
            default:
                yield return type;
                break;
        }
    }

    private static IEnumerable<TypeReference?> ReferencesOf(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(one => one.InterfaceType),
        .. type.Fields.Select(field => field.FieldType),
        .. AttributesOf(type),
        .. type.Fields.SelectMany(AttributesOf),
        .. type.Properties.SelectMany(AttributesOf),
        .. ConstraintsOf(type),
        .. type.Methods.SelectMany(ReferencesOf),
        .. type.NestedTypes.SelectMany(ReferencesOf),
    ];

    private static IEnumerable<TypeReference?> ReferencesOf(MethodDefinition method)
    {
        IEnumerable<TypeReference?> signature =
            [
                method.ReturnType, .. method.Parameters.Select(parameter => parameter.ParameterType), .. AttributesOf(method),
                .. ConstraintsOf(method)
            ];
        if (!method.HasBody) return signature;
        var handlers = method.Body.ExceptionHandlers.Select(handler => handler.CatchType);
        var instructions = method.Body.Instructions.SelectMany(instruction => OperandTypes(instruction.Operand));
        return [.. signature, .. method.Body.Variables.Select(variable => variable.VariableType), .. handlers, .. instructions];
    }

    private static IEnumerable<TypeReference?> OperandTypes(object? operand) => operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod method =>
        [
            method.DeclaringType, method.ReturnType, .. method.GenericArguments,
            .. method.Parameters.Select(parameter => parameter.ParameterType)
        ],
        MethodReference method =>
            [method.DeclaringType, method.ReturnType, .. method.Parameters.Select(parameter => parameter.ParameterType)],
        _ => [],
    };

    private static IEnumerable<TypeReference?> AttributesOf(ICustomAttributeProvider holder) =>
        holder.CustomAttributes.Select(attribute => attribute.AttributeType);

    private static IEnumerable<TypeReference?> ConstraintsOf(IGenericParameterProvider generic) =>
        generic.GenericParameters.SelectMany(parameter => parameter.Constraints).Select(constraint => constraint.ConstraintType);
}
