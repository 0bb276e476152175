using Locutor.Training.Faces;

namespace Locutor.Training.Tests.Faces;

public sealed class PersonTests(ITestOutputHelper output)
{
    [Fact]
    public void A_seed_always_gives_the_same_person_and_picture()
    {
        int seed = TestSeed.Value;
        output.WriteLine($"seed {seed}");
        Person.Draw(seed).ShouldBe(Person.Draw(seed));
        using var used = new FaceRenderer(97, 131);
        for (int i = 1; i < 7; i++) FacePainting.Paint(used, Person.Draw(seed + i), new FacePose { JawOpen = 0.5f });
        FacePainting.Paint(used, Person.Draw(seed), default).ShouldBe(FacePainting.Paint(Person.Draw(seed), default, 97, 131));
    }

    [Fact]
    public void People_differ_from_one_another()
    {
        int first = TestSeed.Value;
        output.WriteLine($"first seed {first}");
        const int Count = 300, Size = 48;
        using var renderer = new FaceRenderer(Size, Size);
        byte[][] pictures = [.. Enumerable.Range(first, Count).Select(seed => FacePainting.Paint(renderer, Person.Draw(seed), default))];
        double nearest = double.MaxValue;
        for (int i = 0; i < Count; i++)
        {
            for (int j = 0; j < i; j++) nearest = Math.Min(nearest, FacePainting.Difference(pictures[i], pictures[j]));
        }
        output.WriteLine($"nearest two of {Count} differ by {nearest:F2} of 255 on average");
        nearest.ShouldBeGreaterThan(3);
    }

    [Fact]
    public void Every_style_occurs()
    {
        int first = TestSeed.Value;
        output.WriteLine($"first seed {first}");
        Person[] people = [.. Enumerable.Range(first, 3000).Select(Person.Draw)];
        people.Select(p => p.Hair.Fringe).Distinct().Count().ShouldBe(Enum.GetValues<Fringe>().Length);
        people.Select(p => p.Hair.Length).Distinct().Count().ShouldBe(Enum.GetValues<HairLength>().Length);
        people.Select(p => p.Hair.Texture).Distinct().Count().ShouldBe(Enum.GetValues<HairTexture>().Length);
        people.Select(p => p.Hair.Knot).Distinct().Count().ShouldBe(Enum.GetValues<HairKnot>().Length);
        people.Select(p => p.Beard.Style).Distinct().Count().ShouldBe(Enum.GetValues<BeardStyle>().Length);
        people.Select(p => p.Extras.Glasses).Distinct().Count().ShouldBe(Enum.GetValues<GlassesStyle>().Length);
        people.Select(p => p.Extras.Headwear).Distinct().Count().ShouldBe(Enum.GetValues<HeadwearStyle>().Length);
        people.Select(p => p.Extras.Earrings).Distinct().Count().ShouldBe(Enum.GetValues<EarringStyle>().Length);
        people.Select(p => p.Clothes.Collar).Distinct().Count().ShouldBe(Enum.GetValues<CollarStyle>().Length);
        people.Select(p => p.Clothes.Pattern).Distinct().Count().ShouldBe(Enum.GetValues<ClothPattern>().Length);
        people.Select(p => p.Backdrop.Style).Distinct().Count().ShouldBe(Enum.GetValues<BackdropStyle>().Length);
    }
}
