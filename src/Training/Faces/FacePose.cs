namespace Locutor.Training.Faces;

/// <summary>
/// What a face does in one frame. The zero value is a person at rest with lips closed, eyes open, looking at the viewer. Every value
/// may run a little past its range; the picture changes continuously with each of them.
/// </summary>
public readonly record struct FacePose
{
    /// <summary>How many values <see cref="Write"/> and <see cref="Read"/> move.</summary>
    public const int ValueCount = 22;

    private readonly float zoom;

    /// <summary>0 closed to 1, a shout; speech rarely passes 0.6.</summary>
    public float JawOpen { get; init; }

    /// <summary>-1 narrow to 1 spread, as in "ee".</summary>
    public float LipWidth { get; init; }

    /// <summary>0 to 1 puckered, as in "oo". With the jaw closed it leaves a small round opening.</summary>
    public float LipRound { get; init; }

    /// <summary>0 to 1: lips held together, as in m, b and p; closes the mouth whatever the jaw does.</summary>
    public float LipPress { get; init; }

    /// <summary>0 to 1: how much of the upper teeth shows; with the jaw nearly closed they rest on the lower lip, as in f and v.</summary>
    public float UpperTeeth { get; init; }

    /// <summary>0 to 1: tongue raised towards the teeth, as in l, n and th; seen only through an open mouth.</summary>
    public float Tongue { get; init; }

    /// <summary>0 open to 1 closed, both eyes.</summary>
    public float Blink { get; init; }

    /// <summary>-1 the viewer's left to 1 right.</summary>
    public float GazeX { get; init; }

    /// <summary>-1 up to 1 down.</summary>
    public float GazeY { get; init; }

    /// <summary>-1 lowered to 1 raised. Raised together with <see cref="BrowFrown"/> it lifts the inner ends, as in worry.</summary>
    public float BrowRaise { get; init; }

    /// <summary>0 to 1: brows drawn together.</summary>
    public float BrowFrown { get; init; }

    /// <summary>-1 corners of the mouth down to 1 up.</summary>
    public float Smile { get; init; }

    /// <summary>-1 narrowed to 1 wide open.</summary>
    public float EyeWide { get; init; }

    /// <summary>Radians, positive turns the face to the viewer's right; up to about 0.4.</summary>
    public float HeadYaw { get; init; }

    /// <summary>Radians, positive looks down; up to about 0.3.</summary>
    public float HeadPitch { get; init; }

    /// <summary>Radians, positive leans to the viewer's right (clockwise); up to about 0.3.</summary>
    public float HeadRoll { get; init; }

    /// <summary>Shift to the right, as a fraction of the picture's shorter side.</summary>
    public float HeadX { get; init; }

    /// <summary>Shift downwards, as a fraction of the picture's shorter side.</summary>
    public float HeadY { get; init; }

    /// <summary>Size of the whole person, 1 at rest.</summary>
    public float Scale { get => 1f + zoom; init => zoom = value - 1f; }

    /// <summary>0 breathed out to 1 breathed in: lifts the shoulders.</summary>
    public float Breath { get; init; }

    /// <summary>Lids and cheeks raised by a true smile, 0 to 1.</summary>
    public float CheekRaise { get; init; }

    /// <summary>-1 to 1: mouth pulled to one side.</summary>
    public float MouthShift { get; init; }

    public static FacePose Lerp(in FacePose from, in FacePose to, float amount)
    {
        Span<float> a = stackalloc float[ValueCount], b = stackalloc float[ValueCount];
        from.Write(a);
        to.Write(b);
        for (int i = 0; i < ValueCount; i++) a[i] += (b[i] - a[i]) * amount;
        return Read(a);
    }

    /// <summary>All values in order of declaration, for pools and files.</summary>
    public void Write(Span<float> values)
    {
        values[0] = JawOpen;
        values[1] = LipWidth;
        values[2] = LipRound;
        values[3] = LipPress;
        values[4] = UpperTeeth;
        values[5] = Tongue;
        values[6] = Blink;
        values[7] = GazeX;
        values[8] = GazeY;
        values[9] = BrowRaise;
        values[10] = BrowFrown;
        values[11] = Smile;
        values[12] = EyeWide;
        values[13] = HeadYaw;
        values[14] = HeadPitch;
        values[15] = HeadRoll;
        values[16] = HeadX;
        values[17] = HeadY;
        values[18] = Scale;
        values[19] = Breath;
        values[20] = CheekRaise;
        values[21] = MouthShift;
    }

    public static FacePose Read(ReadOnlySpan<float> values) => new()
    {
        JawOpen = values[0],
        LipWidth = values[1],
        LipRound = values[2],
        LipPress = values[3],
        UpperTeeth = values[4],
        Tongue = values[5],
        Blink = values[6],
        GazeX = values[7],
        GazeY = values[8],
        BrowRaise = values[9],
        BrowFrown = values[10],
        Smile = values[11],
        EyeWide = values[12],
        HeadYaw = values[13],
        HeadPitch = values[14],
        HeadRoll = values[15],
        HeadX = values[16],
        HeadY = values[17],
        Scale = values[18],
        Breath = values[19],
        CheekRaise = values[20],
        MouthShift = values[21],
    };
}
