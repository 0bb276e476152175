using System.Reflection;
using Locutor.Generation.Requests;

namespace Locutor.Front.Tests;

public sealed class SurfaceTests
{
    /// <summary>A user's compiler sees this assembly alone, so its public members may name no type of the assemblies inside.</summary>
    [Fact]
    public void Public_members_use_public_types_only()
    {
        var front = typeof(TalkingVideoModel).Assembly;
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var used = front.GetExportedTypes().SelectMany(type => type.GetMembers(Declared)).SelectMany(TypesOf).SelectMany(Parts)
            .Concat(front.GetExportedTypes().SelectMany(
                type => type.GetInterfaces().Append(type.BaseType!).Where(t => t is not null).SelectMany(Parts)));

        used.Where(type => type.Assembly != front && !(type.Assembly.GetName().Name ?? "").StartsWith("System.", StringComparison.Ordinal))
            .Select(type => type.FullName).Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void The_surface_is_small() => typeof(TalkingVideoModel).Assembly.GetExportedTypes().Length.ShouldBeLessThan(60);

    [Fact]
    public void Every_field_of_a_request_is_a_property() => Properties.Select(property => property.Name).Order().ShouldBe(
        VideoFields.All.Select(field => field.Name).Except(Elsewhere).Select(RequestMapping.PropertyOf).Order());

    [Fact]
    public void Every_property_of_a_request_is_passed_on()
    {
        var request = new TalkingVideoRequest("face.png", "voice.wav");
        foreach (var property in Properties.Where(property => property.PropertyType != typeof(MediaInput)))
            property.SetValue(request, Sample(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType));

        var fields = RequestMapping.Fields(request, "balanced");

        fields.Given.Select(given => given.Field).ShouldBe(
            VideoFields.All.Where(field => !field.IsInput && (field == VideoFields.Preset || !Elsewhere.Contains(field.Name))));
    }

    /// <summary>
    /// The fields that a caller sets in another place: the inputs of <see cref="MediaInput"/>, the name and the options of the model, and
    /// the name of the file.
    /// </summary>
    private static string[] Elsewhere => ["video", "text", "voice", "voice2", "model", "preset", "lora", "format"];

    private static PropertyInfo[] Properties => typeof(TalkingVideoRequest).GetProperties();

    private static object Sample(Type type) =>
        type == typeof(string) ? "0.5"
        : type == typeof(IReadOnlyList<PersonBox>) ? new PersonBox[2]
        : Activator.CreateInstance(type)!;

    private static IEnumerable<Type> TypesOf(MemberInfo member) => member switch
    {
        MethodBase method =>
        [
            .. method.GetParameters().Select(parameter => parameter.ParameterType),
            method is MethodInfo { ReturnType: var type } ? type : typeof(void)
        ],
        PropertyInfo property => [property.PropertyType],
        FieldInfo field => [field.FieldType],
        _ => [],
    };

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType
            ? Parts(type.GetElementType()!)
            : type.IsGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)]
            : type.IsGenericParameter ? []
            : [type];
}
