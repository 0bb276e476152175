namespace Locutor.Training.Faces;

/// <summary>A segment of the outline of hair.</summary>
/// <param name="Bump">How far the edge bulges between knots in head units; 0 is smooth.</param>
/// <param name="Tufts">Whether the bulges end in points.</param>
internal sealed record HairEdge(Knot[] Knots, float Bump = 0f, bool Tufts = false);

/// <summary>The outlines of the hair of one person, computed once from the traits.</summary>
/// <param name="Front">
/// The hair over the forehead and at the sides of the face: the outer edge from the viewer's left, then back along the hairline.
/// </param>
/// <param name="Back">The hair behind head and shoulders.</param>
/// <param name="KnotsBehind">The buns and tails behind the head.</param>
/// <param name="KnotsBefore">The braids in front of the shoulders.</param>
internal sealed record HairShape(
    HairEdge[] Front, HairEdge[] Back, Knot[][] KnotsBehind, Knot[][] KnotsBefore, Knot[][] Strands, (Knot Middle, Knot Size)? Sheen,
    Knot[] Shadow)
{
    /// <summary>The patches of hair at both sides of a bald crown, each a closed outline.</summary>
    public HairEdge[] Sides { get; init; } = [];

    public static HairShape Create(Person person) => new HairBuilder(person).Build();
}
