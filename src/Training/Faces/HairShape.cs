namespace Locutor.Training.Faces;

/// <summary>A stretch of a hair outline.</summary>
/// <param name="Bump">How far the edge bulges between knots, head units; 0 is smooth.</param>
/// <param name="Tufts">Bulges end in points.</param>
internal sealed record HairEdge(Knot[] Knots, float Bump = 0f, bool Tufts = false);

/// <summary>Outlines of one person's hair, made once from its traits.</summary>
/// <param name="Front">Over the forehead and beside the face: outer edge from the viewer's left, then the hairline back.</param>
/// <param name="Back">Behind head and shoulders.</param>
/// <param name="KnotsBehind">Buns and tails behind the head.</param>
/// <param name="KnotsBefore">Braids in front of the shoulders.</param>
internal sealed record HairShape(
    HairEdge[] Front, HairEdge[] Back, Knot[][] KnotsBehind, Knot[][] KnotsBefore, Knot[][] Strands, (Knot Middle, Knot Size)? Sheen, Knot[] Shadow)
{
    /// <summary>Patches beside a bald crown; each closes on itself.</summary>
    public HairEdge[] Sides { get; init; } = [];

    public static HairShape Of(Person person) => new HairBuilder(person).Build();
}
