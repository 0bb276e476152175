namespace Locutor.Training.Faces;

/// <summary>Computes the outlines of hair from its traits.</summary>
internal sealed class HairBuilder
{
    private readonly Person person;
    private readonly HairTraits hair;
    private readonly float w, top, side, length;
    private readonly bool hat, curly, locks;

    public HairBuilder(Person person)
    {
        this.person = person;
        hair = person.Hair;
        w = person.Head.HalfWidth;
        var headwear = person.Extras.Headwear;
        hat = headwear is HeadwearStyle.Beanie or HeadwearStyle.Cap or HeadwearStyle.Beret or HeadwearStyle.Brim or HeadwearStyle.Headscarf;
        curly = hair.Texture == HairTexture.Curly;
        locks = hair.Length is HairLength.Bob or HairLength.Long or HairLength.Ear && hair.Fringe != Fringe.PulledBack;
        bool buzz = hair.Length == HairLength.Buzz;
        top = hat
            ? 0.9f
            : buzz ? 0.4f
            : 2.4f + 3.2f * hair.Volume + (curly ? 2f : 0f) + (hair.Fringe is Fringe.Quiff or Fringe.CurlyTop ? 1.8f : 0f);
        side = hat ? 0.7f : buzz ? 0.05f : 0.9f + 1.6f * hair.Volume + (curly ? 1.8f : 0f) + (locks ? 0.8f : 0f);
        if (curly && locks && !hat) side += 2.4f * hair.Volume;
        length = hair.Length switch
        {
            HairLength.Ear => 9.5f,
            HairLength.Bob => 21f + 6f * hair.Ends,
            HairLength.Long => 40f + 12f * hair.Ends,
            _ => 3.6f,
        };
    }

    public HairShape Build()
    {
        if (hair.Length == HairLength.None || person.Extras.Headwear == HeadwearStyle.Headscarf)
            return new HairShape([], [], [], [], [], null, []);
        if (hair.Length == HairLength.Ring) return Ring();
        var line = Hairline();
        var outer = Outer();
        float bump = curly ? 1.1f + 0.6f * hair.Volume : hair.Texture == HairTexture.Tufted && hair.Length != HairLength.Buzz ? 1.1f : 0f;
        bool tufts = hair.Texture == HairTexture.Tufted;
        if (hat) bump = curly ? 0.6f : 0f;
        HairEdge[] front =
        [
            bump > 0f ? new HairEdge(KnotCurve.Even(outer, tufts ? 8f : 6f, 0.3f), bump, tufts) : new HairEdge(outer),
            curly && hair.Fringe != Fringe.PulledBack ? new HairEdge(KnotCurve.Even(line, 5f, 0.3f), 0.8f) : new HairEdge(line),
        ];
        return new HairShape(
            front, Back(bump), BuildKnotsBehind(), BuildKnotsBefore(), Strands(line),
            hat || curly || hair.Length == HairLength.Buzz ? null : Sheen(), Shadow(line));
    }

    private static Knot Skin(float x, float y, float lift = 1.2f) => new(x, y, HeadSpace.Depth(x, y) + lift);

    private float Wave(float y, float phase) => hair.Texture == HairTexture.Wavy ? 1.1f * MathF.Sin(y * 0.42f + phase) : 0f;

    private Knot[] Outer()
    {
        List<Knot> right = [];
        float rx = w + side, ry = 24f + top;
        foreach (float degrees in (ReadOnlySpan<float>)[0f, 20f, 40f, 60f, 78f])
        {
            var (sin, cos) = MathF.SinCos(degrees * MathF.PI / 180f);
            float square = hair.Fringe == Fringe.Quiff && !hat ? 1f + 0.06f * MathF.Pow(MathF.Sin(2f * degrees * MathF.PI / 180f), 2f) : 1f;
            right.Add(new Knot(sin * rx * square, -3f - cos * ry * square, 0f));
        }
        if (locks)
        {
            float flare = hair.Length == HairLength.Long ? 2.6f : hair.Length == HairLength.Bob ? 1.8f - 2.2f * hair.Ends : 0.6f;
            int steps = hair.Length == HairLength.Long ? 7 : hair.Length == HairLength.Bob ? 4 : 2;
            for (int i = 1; i <= steps; i++)
            {
                float t = i / (float)steps, y = -3f + (length + 3f) * t;
                float round = i < steps ? 0f : hair.Length == HairLength.Ear ? 3.2f : 2f;
                right.Add(new Knot(rx + 0.3f - round + flare * MathF.Sin(t * 2f) + Wave(y, 0.6f), y, 2f * t));
            }
        }
        else
        {
            right.Add(new Knot(w + 0.35f * side, -2f, 1f));
            right.Add(new Knot(w - 0.2f, length - 0.6f, 5f));
        }
        var all = KnotCurve.Mirror(right);
        if (hair.Fringe == Fringe.Quiff && !hat) Lean(all, hair.Part > 0f ? 1f : -1f);
        return all;
    }

    private static void Lean(Knot[] outer, float to)
    {
        for (int i = 0; i < outer.Length; i++)
        {
            float high = HeadSpace.Smooth(-14f, -30f, outer[i].Y) + HeadSpace.Smooth(14f, 30f, -outer[i].Y);
            float weight = Math.Clamp(high, 0f, 1f), near = 1f - Math.Clamp(MathF.Abs(outer[i].X - to * 6f) / 22f, 0f, 1f);
            outer[i] = outer[i] with { X = outer[i].X + to * 1.2f * weight, Y = outer[i].Y - 1.5f * near * weight };
        }
    }

    /// <summary>Returns the hairline from the viewer's right temple over the forehead to the left temple.</summary>
    private Knot[] Hairline()
    {
        List<Knot> right = [];
        if (locks)
        {
            float inner = hair.Length == HairLength.Long ? 0.80f * w : hair.Length == HairLength.Bob ? 0.94f * w : 0.96f * w;
            if (hair.Length != HairLength.Ear) right.Add(new Knot(0.5f * (w + side + inner) + 0.6f, length + 1.6f, 3f));
            if (hair.Length == HairLength.Long) right.Add(new Knot(inner - 1f + Wave(length, 2f), length, 4f));
            if (hair.Length == HairLength.Long) right.Add(new Knot(0.90f * w + Wave(28f, 2f), 29f, 5f));
            right.Add(new Knot(hair.Length == HairLength.Long ? 0.95f * w : inner, Math.Min(length - 1f, 18f), 6f));
            right.Add(Skin(0.925f * w, 8f));
            right.Add(Skin(0.90f * w, 0f));
        }
        else
        {
            right.Add(Skin(0.955f * w, length));
            right.Add(Skin(0.905f * w, -1.5f));
        }
        List<Knot> left = [.. Enumerable.Reverse(right).Select(k => k with { X = -k.X })];
        return [.. right, .. ForeheadLine(), .. left];
    }

    /// <summary>Returns the hairline over the forehead, from the viewer's right to the left.</summary>
    private Knot[] ForeheadLine()
    {
        float h = hair.Hairline, p = hair.Part * w, s = MathF.Sign(hair.Part);
        return hair.Fringe switch
        {
            Fringe.Bangs =>
            [
                Skin(0.84f * w, -5.6f), Skin(0.6f * w, -8.6f), Skin(0.3f * w, -9.6f), Skin(0f, -9.9f), Skin(-0.3f * w, -9.5f),
                Skin(-0.6f * w, -8.6f), Skin(-0.84f * w, -5.6f)
            ],
            Fringe.SideSweep => s > 0f
                ? [
                    Skin(0.85f * w, -9.5f), Skin(0.66f * w, -15.5f), Skin(p, h - 1.6f), Skin(p - 0.32f * w, -14.6f),
                    Skin(-0.42f * w, -10.8f), Skin(-0.84f * w, -4.4f)
                ]
                : [
                    Skin(0.84f * w, -4.4f), Skin(0.42f * w, -10.8f), Skin(p + 0.32f * w, -14.6f), Skin(p, h - 1.6f),
                    Skin(-0.66f * w, -15.5f), Skin(-0.85f * w, -9.5f)
                ],
            Fringe.Curtain =>
            [
                Skin(0.86f * w, -5.4f), Skin(0.62f * w, -11.4f), Skin(0.28f * w, -16f), Skin(0.12f * p, h - 2.6f), Skin(-0.28f * w, -16f),
                Skin(-0.62f * w, -11.4f), Skin(-0.86f * w, -5.4f)
            ],
            Fringe.Receding =>
            [
                Skin(0.84f * w, -9.5f), Skin(0.72f * w, -17.2f), Skin(0.48f * w, -21.4f), Skin(0.2f * w, -19f), Skin(0f, -18.2f),
                Skin(-0.2f * w, -19f), Skin(-0.48f * w, -21.4f), Skin(-0.72f * w, -17.2f), Skin(-0.84f * w, -9.5f)
            ],
            Fringe.CurlyTop =>
            [
                Skin(0.84f * w, -9f), Skin(0.66f * w, -13.4f), Skin(0.3f * w, -14.2f), Skin(0f, -14.6f), Skin(-0.3f * w, -14.2f),
                Skin(-0.66f * w, -13.4f), Skin(-0.84f * w, -9f)
            ],
            Fringe.PulledBack =>
            [
                Skin(0.85f * w, -8.5f), Skin(0.68f * w, -14.8f), Skin(0.34f * w, h - 0.6f), Skin(0f, h - 1.2f), Skin(-0.34f * w, h - 0.6f),
                Skin(-0.68f * w, -14.8f), Skin(-0.85f * w, -8.5f)
            ],
            _ =>
            [
                Skin(0.85f * w, -8f), Skin(0.74f * w, -14f), Skin(0.42f * w, h + 0.9f), Skin(0.1f * p, h + 0.3f),
                Skin(-0.42f * w, h + 0.9f), Skin(-0.74f * w, -14f), Skin(-0.85f * w, -8f)
            ],
        };
    }

    private HairShape Ring()
    {
        List<HairEdge> edges = [];
        foreach (float s in (ReadOnlySpan<float>)[-1f, 1f])
        {
            edges.Add(new HairEdge([
                new(s * (w - 0.6f), 4f, 5f), new(s * (w + 1.2f), 0f, 0f), new(s * (w + 1.7f), -6f, 0f), new(s * (w + 0.6f), -12.5f, 0f),
                new(s * 0.9f * w, -15.5f, 2f), Skin(s * 0.83f * w, -9f), Skin(s * 0.90f * w, -2f), new(s * (w - 0.6f), 4f, 5f)]));
        }
        return new HairShape([], [], [], [], [], null, []) { Sides = [.. edges] };
    }

    private HairEdge[] Back(float bump)
    {
        if (hair.Length is not (HairLength.Bob or HairLength.Long or HairLength.Ear)) return [];
        float rx = w + side + (locks ? 0.2f : 1.2f), flare = hair.Length == HairLength.Long ? 3.4f : 1f - 1.5f * hair.Ends;
        List<Knot> right = [new(0f, -22f, -8f), new(0.7f * rx, -18f, -8f), new(rx, -4f, -7f)];
        int steps = hair.Length == HairLength.Long ? 6 : 3;
        for (int i = 1; i <= steps; i++)
        {
            float t = i / (float)steps, y = -4f + (length + 4.5f) * t;
            right.Add(new Knot(rx + flare * t + Wave(y, 0.2f), y, -7f));
        }
        right.Add(new Knot(0.72f * rx, length + 2.4f, -8f));
        Knot[] all = [.. KnotCurve.Mirror(right), new Knot(0f, length + 2.8f, -8f)];
        all = [.. all, all[0]];
        return [curly ? new HairEdge(KnotCurve.Even(all, 6.2f, 0.3f), bump) : new HairEdge(all)];
    }

    private Knot[][] BuildKnotsBehind()
    {
        float s = MathF.Sign(hair.Part);
        return hat ? [] : hair.Knot switch
        {
            HairKnot.TopBun => [KnotCurve.Ball(0f, -31.5f - top, 8.2f, 7.2f, -4f)],
            HairKnot.TwoBuns => [KnotCurve.Ball(-13.5f, -26f - top, 6.6f, 6.2f, -3f), KnotCurve.Ball(13.5f, -26f - top, 6.6f, 6.2f, -3f)],
            HairKnot.LowBun => [KnotCurve.Ball(s * 12f, 19f, 9.5f, 8f, -12f)],
            HairKnot.Ponytail => [[
                new(s * 9f, -24f, -10f), new(s * 20f, -26f, -12f), new(s * 28f, -17f, -12f), new(s * 30f, 2f, -12f),
                new(s * 27f, 20f, -12f),
                new(s * 22f, 32f, -12f), new(s * 20.5f, 18f, -12f), new(s * 20f, 2f, -12f), new(s * 15f, -10f, -12f)]],
            _ => [],
        };
    }

    private Knot[][] BuildKnotsBefore()
    {
        if (hat || hair.Knot != HairKnot.Braids) return [];
        List<Knot[]> pieces = [];
        foreach (float s in (ReadOnlySpan<float>)[-1f, 1f])
        {
            for (int i = 0; i < 6; i++)
                pieces.Add(KnotCurve.Ball(s * (w + 1.6f - 0.35f * i), 10f + 6.2f * i, 4.3f - 0.22f * i, 4.4f, -2f + i));
        }
        return [.. pieces];
    }

    private Knot[][] Strands(Knot[] line)
    {
        if (curly && hair.Length != HairLength.Buzz) return Curls();
        if (hair.Length == HairLength.Buzz || hat) return [];
        List<Knot[]> strands = [];
        float crown = hair.Fringe is Fringe.SideSweep or Fringe.Quiff
            ? hair.Part * w
            : hair.Fringe == Fringe.Curtain ? 0.12f * hair.Part * w
            : 0f;
        var ends = KnotCurve.Even(line, 7.5f);
        var start = new Knot(crown, -24.5f - 0.55f * top, 4f);
        foreach (var end in ends[1..^1])
        {
            if (end.Y > 6f || MathF.Abs(end.X - crown) < 3.5f) continue;
            float mx = 0.5f * (start.X + end.X), my = 0.5f * (start.Y + end.Y);
            Knot middle = new(mx + 0.34f * (end.X - start.X), my * 1.14f, 8f);
            strands.Add([start with { X = start.X + 0.14f * (end.X - start.X) }, middle, end with { X = end.X * 1.02f, Y = end.Y - 1.6f }]);
        }
        if (locks && hair.Length != HairLength.Ear)
        {
            foreach (float s in (ReadOnlySpan<float>)[-1f, 1f])
            {
                float x = w + 0.35f * side, x2 = hair.Length == HairLength.Long ? x + 0.6f : x;
                strands.Add(
                    [new(s * x, -7f, 3f), new(s * (x + Wave(8f, 0.9f)), 8f, 4f), new(s * (x2 + Wave(16f, 0.9f)), 0.5f * (8f + length), 4f),
                    new(s * (x2 + Wave(length, 0.9f) - 0.5f), length - 3f, 4f)]);
            }
        }
        return [.. strands];
    }

    /// <summary>Returns short arcs at random places on the hair, in rows around the head.</summary>
    private Knot[][] Curls()
    {
        List<Knot[]> curls = [];
        float rx = w + side, ry = 24f + top;
        for (int i = 0; i < 9 && !hat; i++)
        {
            float degrees = -68f + 17f * i, r = i % 2 == 0 ? 0.93f : 0.84f, angle = degrees * MathF.PI / 180f;
            curls.Add(KnotCurve.Arc(MathF.Sin(angle) * rx * r, -3f - MathF.Cos(angle) * ry * r, 4f, angle));
        }
        for (float y = 3f; locks && y < length - 2f; y += 6.4f)
        {
            float inset = (int)(y / 6f) % 2 * 2.2f;
            curls.Add(KnotCurve.Arc(rx - 1.4f - inset, y, 3f, 1.2f));
            curls.Add(KnotCurve.Arc(-rx + 1.4f + inset, y, 3f, -1.2f));
        }
        return [.. curls];
    }

    /// <summary>Returns the middle, the half axes (X, Y) and the slant (Z, in radians) of the soft light on the crown.</summary>
    private (Knot Middle, Knot Size) Sheen()
    {
        float angle = 0.42f * person.Light.Side,
            low = hair.Fringe is Fringe.Bangs ? 0.74f : hair.Fringe is Fringe.SideSweep or Fringe.Curtain ? 0.8f : 0.87f;
        var middle = new Knot(MathF.Sin(angle) * (w + side) * low, -3f - MathF.Cos(angle) * (24f + top) * low, 7f);
        return (middle, new Knot(13f, hair.Fringe == Fringe.Bangs ? 5f : 3.6f, angle));
    }

    /// <summary>Returns the shadow of the hair on forehead and temples.</summary>
    private static Knot[] Shadow(Knot[] line)
    {
        var low = line.Where(knot => knot.Y < 12f).Select(knot => new Knot(knot.X * 0.972f, knot.Y + 1.9f, knot.Z - 0.6f));
        return [.. low, new(-8f, -24f, 4f), new(8f, -24f, 4f)];
    }
}
