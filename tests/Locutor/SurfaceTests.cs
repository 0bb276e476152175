using System.Reflection;

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
