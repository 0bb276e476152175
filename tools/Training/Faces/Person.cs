using SkiaSharp;

namespace Locutor.Training.Faces;

public enum Fringe { PulledBack, Short, Bangs, SideSweep, Curtain, Receding, Quiff, CurlyTop }

public enum HairLength { None, Ring, Buzz, Short, Ear, Bob, Long }

public enum HairTexture { Smooth, Wavy, Curly, Tufted }

public enum HairKnot { None, TopBun, TwoBuns, Ponytail, LowBun, Braids }

public enum BeardStyle { None, Stubble, Moustache, Goatee, ShortBeard, FullBeard }

public enum GlassesStyle { None, Round, Square, Cat, Browline }

public enum HeadwearStyle { None, Beanie, Cap, Beret, Brim, Headscarf, Headband }

public enum EarringStyle { None, Stud, Hoop, Drop }

public enum CollarStyle { Crew, Vee, Shirt, Turtleneck, Hoodie, Blazer, Scoop }

public enum ClothPattern { Plain, Stripes, Yoke, Dots }

public enum BackdropStyle { Gradient, Bokeh, Window, Shelf, Arch }

/// <summary>
/// The shape of a head. Lengths are in head units, a hundredth of the picture's shorter side. The origin is the middle of the head, and y
/// points down.
/// </summary>
/// <param name="HalfWidth">Half the width at the cheekbones.</param>
/// <param name="Forehead">The width at the temples, relative to the cheekbones.</param>
/// <param name="Jaw">The width at the corners of the jaw, relative to the cheekbones.</param>
/// <param name="Chin">The width of the chin, relative to the cheekbones.</param>
/// <param name="ChinY">The y coordinate of the lower end of the chin.</param>
public sealed record HeadTraits(float HalfWidth, float Forehead, float Jaw, float Chin, float ChinY, float NeckWidth, float EarSize);

/// <param name="Freckles">The strength of freckles, 0 to 1.</param>
/// <param name="Blush">The strength of the blush, 0 to 1.</param>
/// <param name="Lines">The strength of folds, lines and bags under the eyes, from 0 (young) to 1 (old).</param>
public sealed record SkinTraits(
    SKColor Base, SKColor Shade, SKColor Deep, SKColor Light, float Freckles, float Blush, float Lines, int Mole);

public sealed record HairTraits(
    SKColor Colour, Fringe Fringe, HairLength Length, HairTexture Texture, HairKnot Knot, float Volume, float Hairline, float Part,
    float Ends);

public sealed record BrowTraits(SKColor Colour, float Y, float Thickness, float Arch, float Length, float Tilt);

/// <param name="Lash">The weight of the upper lash line, 0 to 1.</param>
/// <param name="Shadow">The strength of make-up on the lid, 0 to 1.</param>
public sealed record EyeTraits(
    SKColor Iris, float X, float Y, float HalfWidth, float Upper, float Lower, float Tilt, float IrisSize, float Lash, float Shadow,
    float Fold);

public sealed record NoseTraits(float Length, float Width, float Tip, float Bridge);

public sealed record LipTraits(SKColor Colour, float Y, float HalfWidth, float Upper, float Lower, float Bow, float RestSmile);

public sealed record BeardTraits(BeardStyle Style, SKColor Colour, float Weight);

public sealed record ExtrasTraits(
    GlassesStyle Glasses, SKColor FrameColour, EarringStyle Earrings, SKColor Metal, HeadwearStyle Headwear, SKColor HeadwearColour);

public sealed record ClothesTraits(CollarStyle Collar, SKColor Colour, SKColor Second, ClothPattern Pattern, float Shoulders);

public sealed record BackdropTraits(BackdropStyle Style, SKColor Top, SKColor Bottom, SKColor Accent, int Layout);

/// <param name="Side">The direction of the light, from -1 (the viewer's left) to 1 (right).</param>
/// <param name="Warmth">The colour of the light, from -1 (cool) to 1 (warm).</param>
/// <param name="Contrast">The contrast of the light, from 0 (flat) to 1 (strong).</param>
public sealed record LightTraits(float Side, float Warmth, float Contrast);

/// <summary>All traits of one stylised person and of the background. Equal seeds give equal persons.</summary>
public sealed record Person(
    int Seed,
    HeadTraits Head,
    SkinTraits Skin,
    HairTraits Hair,
    BrowTraits Brows,
    EyeTraits Eyes,
    NoseTraits Nose,
    LipTraits Lips,
    BeardTraits Beard,
    ExtrasTraits Extras,
    ClothesTraits Clothes,
    BackdropTraits Backdrop,
    LightTraits Light)
{
    /// <summary>Creates the person of a seed.</summary>
    public static Person Draw(int seed) => new PersonSampler(seed).Sample();

    /// <summary>Creates a random person.</summary>
    public static Person Random(Random random) => Draw(random.Next());
}
