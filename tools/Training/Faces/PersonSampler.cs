using SkiaSharp;

namespace Locutor.Training.Faces;

/// <summary>
/// Draws the traits of one person at random. Traits that are related in real people (age and grey hair, skin and iris) are weakly
/// correlated, so that every combination occurs but most look natural.
/// </summary>
internal sealed class PersonSampler(int seed)
{
    // Consecutive seeds of System.Random give similar first values, so the seed is mixed first (the finaliser of MurmurHash3).
    private readonly Random random = new(MixSeed(seed));

    public Person Sample()
    {
        float femme = Unit(), age = MathF.Pow(Unit(), 1.4f), tone = Unit();
        var skin = Skin(tone, age);
        var hair = Hair(femme, age, tone, skin);
        var head = Head(femme);
        var eyes = Eyes(femme, tone);
        var lips = Lips(femme, skin, head);
        var beard = Beard(femme, hair, skin);
        var clothes = Clothes(femme);
        var extras = Extras(femme, clothes);
        if (extras.Headwear != HeadwearStyle.None && hair.Knot is HairKnot.TopBun or HairKnot.TwoBuns)
            hair = hair with { Knot = HairKnot.None };
        if (extras.Headwear == HeadwearStyle.Headscarf) beard = beard with { Style = BeardStyle.None };
        return new Person(seed, head, skin, hair, Brows(femme, hair, eyes), eyes, Nose(femme), lips, beard, extras, clothes,
            Backdrop(clothes, skin), new LightTraits(Sign() * Range(0.45f, 1f), Range(-1f, 1f), Range(0.5f, 1f)));
    }

    private HeadTraits Head(float femme) => new(
        Range(18.2f, 21.6f),
        Range(0.91f, 0.985f),
        Mix(Range(0.76f, 0.95f), Range(0.68f, 0.86f), femme),
        Mix(Range(0.32f, 0.50f), Range(0.22f, 0.38f), femme),
        Mix(Range(25.6f, 29f), Range(24.8f, 27.8f), femme),
        Mix(Range(9.6f, 12f), Range(7.6f, 9.4f), femme),
        Range(0.85f, 1.12f));

    private SkinTraits Skin(float tone, float age)
    {
        var skin = Palette.Shift(Palette.Ramp(Palette.Skin, tone), 0f, Range(0.85f, 1.12f), Range(-0.12f, 0.12f));
        float light = Palette.Lightness(skin);
        return new SkinTraits(
            skin,
            Palette.Shift(skin, -0.085f - 0.02f * light, 1.22f, -0.12f),
            Palette.Shift(skin, -0.20f, 1.25f, -0.22f),
            Palette.Shift(skin, 0.055f, 0.8f, 0.05f),
            Chance(0.2f) ? Range(0.35f, 1f) : 0f,
            Range(0.15f, 1f),
            Math.Clamp(age * 1.6f - 0.65f, 0f, 1f),
            Chance(0.14f) ? random.Next(1, 5) : 0);
    }

    private HairTraits Hair(float femme, float age, float tone, SkinTraits skin)
    {
        var colour = age > 0.62f && Chance(0.75f) ? Pick(Palette.GreyHair)
            : Chance(0.06f) ? Pick(Palette.DyedHair)
            : Chance(Math.Clamp(0.66f - tone * 1.2f, 0.03f, 0.7f)) ? Pick(Palette.FairHair)
            : Pick(Palette.DarkHair);
        colour = Palette.Shift(colour, Range(-0.02f, 0.02f), Range(0.9f, 1.1f), Range(-0.08f, 0.08f));
        // Hair must not vanish against the skin.
        float gap = Palette.Lightness(skin.Base) - Palette.Lightness(colour);
        if (Math.Abs(gap) < 0.14f)
            colour = Palette.Lightness(colour) > 0.6f ? Palette.Shift(colour, 0.05f, 0.8f) : Palette.Shift(colour, gap - 0.17f);
        bool longer = Chance(0.12f + 0.78f * femme);
        var length = longer
            ? Weighted((HairLength.Bob, 3f), (HairLength.Long, 5f), (HairLength.Ear, 1.2f), (HairLength.Short, 0.8f))
            : Weighted((HairLength.Short, 6f), (HairLength.Ear, 1.5f), (HairLength.Buzz, 1.1f), (HairLength.None, 0.3f + age * 0.9f),
                (HairLength.Ring, age > 0.55f ? 1.6f : 0f));
        var texture = Weighted((HairTexture.Smooth, 4f), (HairTexture.Wavy, 2.5f), (HairTexture.Curly, 1.2f + 2.5f * tone),
            (HairTexture.Tufted, longer ? 0f : 2f));
        var fringe = longer
            ? Weighted((Fringe.Bangs, 2.2f), (Fringe.SideSweep, 3f), (Fringe.Curtain, 3f), (Fringe.PulledBack, 1.8f))
            : Weighted(
                (Fringe.Short, 3f), (Fringe.SideSweep, 2.4f), (Fringe.Quiff, 2f), (Fringe.Receding, age * 2.5f), (Fringe.Bangs, 0.8f),
                (Fringe.CurlyTop, texture == HairTexture.Curly ? 4f : 0.3f));
        var knot = !longer ? HairKnot.None
            : Weighted(
                (HairKnot.None, 6f), (HairKnot.TopBun, 1.1f), (HairKnot.TwoBuns, 0.4f), (HairKnot.Ponytail, 1f), (HairKnot.LowBun, 1f),
                (HairKnot.Braids, 0.9f));
        if (knot != HairKnot.None) length = HairLength.Short;
        if (length == HairLength.Buzz) fringe = fringe == Fringe.Receding ? fringe : Fringe.Short;
        float volume = texture == HairTexture.Curly ? Range(0.5f, 1f) : Range(0f, 0.8f);
        return new HairTraits(
            colour, fringe, length, texture, knot, volume, Range(-19.2f, -16.8f), Sign() * Range(0.25f, 0.5f), Range(0f, 1f));
    }

    private BrowTraits Brows(float femme, HairTraits hair, EyeTraits eyes)
    {
        var colour = Palette.Lightness(hair.Colour) > 0.55f ? Palette.Shift(hair.Colour, -0.16f) : Palette.Shift(hair.Colour, 0.01f);
        if (Array.Exists(Palette.DyedHair, dyed => Near(dyed, hair.Colour))) colour = new SKColor(70, 50, 48);
        return new BrowTraits(colour, eyes.Y - eyes.Upper - Range(3.9f, 5.2f), Mix(Range(1.5f, 2.3f), Range(0.95f, 1.6f), femme),
            Range(0.5f, 1.6f), Range(5.4f, 6.5f), Range(-1.5f, -0.3f));
    }

    private EyeTraits Eyes(float femme, float tone)
    {
        var iris = Chance(Math.Clamp(0.75f - tone * 1.2f, 0.03f, 0.7f)) ? Pick(Palette.FairIris) : Pick(Palette.DarkIris);
        return new EyeTraits(
            iris, Range(8.7f, 9.6f), Range(0.6f, 2f), Range(4.5f, 5.2f), Range(2.7f, 3.5f) + 0.3f * femme, Range(1.7f, 2.3f),
            Range(-0.45f, 0.9f), Range(2.75f, 3.2f), Math.Clamp(0.15f + femme * 0.75f + Range(-0.1f, 0.1f), 0f, 1f),
            femme > 0.55f && Chance(0.35f) ? Range(0.3f, 0.8f) : 0f, Range(0.2f, 1f));
    }

    private NoseTraits Nose(float femme) => new(
        Range(9f, 10.8f), Mix(Range(3.3f, 4.6f), Range(2.8f, 4f), femme), Range(0f, 1f), Mix(Range(0.4f, 1f), Range(0.2f, 0.8f), femme));

    private LipTraits Lips(float femme, SkinTraits skin, HeadTraits head)
    {
        var natural = Palette.Mix(Palette.Shift(skin.Base, -0.13f, 1.25f, -0.25f), new SKColor(190, 78, 84), 0.38f);
        var colour = femme > 0.5f && Chance(0.4f) ? Palette.Mix(natural, Pick(Palette.Lipstick), Range(0.5f, 0.85f)) : natural;
        float full = Range(0f, 1f);
        return new LipTraits(colour, 16.6f + (head.ChinY - 27f) * 0.45f + Range(-0.4f, 0.4f), Range(8.6f, 9.8f),
            1.35f + 0.9f * full + 0.35f * femme, 1.9f + 1.1f * full + 0.35f * femme, Range(0.1f, 0.34f), Range(0.3f, 0.75f));
    }

    private BeardTraits Beard(float femme, HairTraits hair, SkinTraits skin)
    {
        var colour = Palette.Mix(Palette.Shift(hair.Colour, -0.02f), skin.Deep, 0.12f);
        var style = femme > 0.42f ? BeardStyle.None
            : Weighted((BeardStyle.None, 4f), (BeardStyle.Stubble, 2f), (BeardStyle.Moustache, 0.8f), (BeardStyle.Goatee, 0.9f),
                (BeardStyle.ShortBeard, 1.7f), (BeardStyle.FullBeard, 1.1f));
        return new BeardTraits(style, colour, Range(0f, 1f));
    }

    private ExtrasTraits Extras(float femme, ClothesTraits clothes)
    {
        var glasses = Weighted(
            (GlassesStyle.None, 7.2f), (GlassesStyle.Round, 1f), (GlassesStyle.Square, 1f), (GlassesStyle.Cat, femme * 0.6f),
            (GlassesStyle.Browline, 0.4f));
        var earrings = Chance(femme < 0.42f ? 0.05f : 0.15f + 0.45f * femme)
            ? Weighted((EarringStyle.Stud, 2f), (EarringStyle.Hoop, 1.4f), (EarringStyle.Drop, 1f)) : EarringStyle.None;
        var headwear = Weighted((HeadwearStyle.None, 14f), (HeadwearStyle.Beanie, 0.8f), (HeadwearStyle.Cap, 0.7f),
            (HeadwearStyle.Beret, 0.4f), (HeadwearStyle.Brim, 0.6f), (HeadwearStyle.Headscarf, 0.9f * femme),
            (HeadwearStyle.Headband, 0.6f * femme));
        var hat = Chance(0.35f) ? clothes.Second : Pick(Palette.Cloth);
        return new ExtrasTraits(glasses, Pick(Palette.Frame), earrings, Pick(Palette.Metal), headwear, hat);
    }

    private ClothesTraits Clothes(float femme)
    {
        SKColor first = Pick(Palette.Cloth), second = Pick(Palette.Cloth);
        for (int i = 0; i < 8 && Math.Abs(Palette.Lightness(first) - Palette.Lightness(second)) < 0.15f; i++) second = Pick(Palette.Cloth);
        return new ClothesTraits(
            Weighted((CollarStyle.Crew, 2f), (CollarStyle.Vee, 1.4f), (CollarStyle.Shirt, 1.7f), (CollarStyle.Turtleneck, 1f),
                (CollarStyle.Hoodie, 1.2f), (CollarStyle.Blazer, 1.3f), (CollarStyle.Scoop, 2f * femme)),
            first, second,
            Weighted((ClothPattern.Plain, 6f), (ClothPattern.Stripes, 1.4f), (ClothPattern.Yoke, 1f), (ClothPattern.Dots, 0.5f)),
            Mix(Range(33f, 38f), Range(28.5f, 33f), femme));
    }

    private BackdropTraits Backdrop(ClothesTraits clothes, SkinTraits skin)
    {
        var top = Pick(Palette.Backdrop);
        for (int i = 0; i < 8 && (Near(top, clothes.Colour) || Near(top, skin.Base)); i++) top = Pick(Palette.Backdrop);
        var accent = Pick(Palette.Backdrop);
        return new BackdropTraits(
            Weighted(
                (BackdropStyle.Gradient, 3f), (BackdropStyle.Bokeh, 2.4f), (BackdropStyle.Window, 1.2f), (BackdropStyle.Shelf, 1f),
                (BackdropStyle.Arch, 1.4f)),
            Palette.Shift(top, Range(0f, 0.05f)), Palette.Shift(Palette.Mix(top, accent, Range(0.1f, 0.4f)), -Range(0.05f, 0.14f)), accent,
            random.Next());
    }

    private static bool Near(SKColor a, SKColor b) =>
        Math.Abs(a.Red - b.Red) + Math.Abs(a.Green - b.Green) + Math.Abs(a.Blue - b.Blue) < 110;

    private static int MixSeed(int seed)
    {
        uint h = (uint)seed;
        h = (h ^ (h >> 16)) * 0x85ebca6b;
        h = (h ^ (h >> 13)) * 0xc2b2ae35;
        return (int)((h ^ (h >> 16)) & 0x7fffffff);
    }

    private static float Mix(float a, float b, float t) => a + (b - a) * t;

    private float Unit() => random.NextSingle();

    private float Range(float low, float high) => low + (high - low) * random.NextSingle();

    private float Sign() => random.Next(2) == 0 ? -1f : 1f;

    private bool Chance(float probability) => random.NextSingle() < probability;

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];

    private T Weighted<T>(params ReadOnlySpan<(T Value, float Weight)> choices)
    {
        float total = 0f;
        foreach ((_, float weight) in choices) total += weight;
        float at = random.NextSingle() * total;
        foreach ((var value, float weight) in choices)
        {
            if ((at -= weight) < 0f) return value;
        }
        return choices[0].Value;
    }
}
